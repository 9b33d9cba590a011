import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EmittedCode } from '@vmm/wasm-engine'
import { unchangedProgram } from './kept-modules.ts'
import { replaceFile } from './replaced-file.ts'

/** The first line of the file; what was emitted follows, one after the other. */
interface Head {
  /** What the program was then. */
  readonly program: string
  readonly parts: readonly (readonly [name: string, bytes: number])[]
}

/** Keeps the WebAssembly that a program emits for its next start, in a file that is as good as none once the program has changed. */
export class KeptCode implements EmittedCode {
  readonly #file: string
  readonly #program: string
  #parts: Map<string, Uint8Array<ArrayBuffer>> | undefined
  readonly #last = new Map<string, () => void>()

  /** `program` is another one when the program is. */
  constructor(file: string, program: string) {
    this.#file = file
    this.#program = program
  }

  readonly find = (name: string): Uint8Array<ArrayBuffer> | undefined => this.#all().get(name)

  readonly keep = (name: string, bytes: Uint8Array<ArrayBuffer>): void => {
    const parts = this.#all()
    parts.set(name, bytes)
    const head: Head = { program: this.#program, parts: [...parts].map(([part, { length }]) => [part, length]) }
    replaceFile(this.#file, [`${JSON.stringify(head)}\n`, ...parts.values()])
  }

  /** Of the machines of a program, what the newest one has left is kept. */
  readonly atEnd = (name: string, last: () => void): void => {
    if (this.#last.size === 0) process.once('exit', () => this.#atEnd())
    this.#last.set(name, last)
  }

  #atEnd(): void {
    for (const last of this.#last.values()) last()
  }

  #all(): Map<string, Uint8Array<ArrayBuffer>> {
    this.#parts ??= this.#read()
    return this.#parts
  }

  #read(): Map<string, Uint8Array<ArrayBuffer>> {
    const parts = new Map<string, Uint8Array<ArrayBuffer>>()
    try {
      const bytes = new Uint8Array(readFileSync(this.#file))
      let at = bytes.indexOf(0x0a) + 1
      const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, at))) as Head
      const end = head.parts.reduce((sum, [, length]) => sum + length, at)
      if (head.program !== this.#program || end !== bytes.length) return parts
      for (const [name, length] of head.parts) {
        parts.set(name, bytes.subarray(at, at + length))
        at += length
      }
    } catch {
      // the first start, or a file that is no more than a part
    }
    return parts
  }
}

/** What this program has emitted, if it is known to be the program that did. */
export function keptCode(): EmittedCode | undefined {
  const unchanged = unchangedProgram()
  if (unchanged === undefined) return undefined
  return new KeptCode(join(unchanged.directory, `emitted-${unchanged.name}`), unchanged.program)
}
