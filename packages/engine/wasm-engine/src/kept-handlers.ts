import type { FunctionBody, FunctionType } from '@vmm/wasm-encoder'
import type { EmittedCode } from './emitted-code.ts'
import type { Linkage } from './handler-table.ts'
import { gathered, linked, type ModuleTypes } from './linked-module.ts'

/** So many functions make a module that is kept, or a few more, and at the end fewer will do; so many modules are kept at most. */
const functionsOfModule = 64
const functionsAtEnd = 16
const modulesAtMost = 24

/** A function that was compiled for the first time: handlers have names of their own, as they are called here. */
export interface Made {
  readonly name: string
  readonly type: FunctionType
  readonly body: FunctionBody
}

/**
 * Handlers, and procedures that they call, which earlier starts of this program have compiled: one module has many, and what nobody calls
 * is not compiled. What is compiled now is kept for later starts.
 */
export class KeptHandlers {
  /** In the order in which modules get to know them. */
  readonly types: ModuleTypes = new Map()
  readonly #emitted: EmittedCode
  readonly #kind: string
  readonly #linkage: Linkage
  readonly #functions = new Map<string, unknown>()
  readonly #made: Made[] = []
  #modules = 0
  /** Of all modules that were found. */
  bytes = 0

  /** `kind` is what handlers are alike in that may call each other. */
  constructor(emitted: EmittedCode, kind: string, linkage: Linkage) {
    this.#emitted = emitted
    this.#kind = kind
    this.#linkage = linkage
    for (;;) {
      const bytes = emitted.find(this.#name())
      if (bytes === undefined) break
      for (const [name, compiled] of Object.entries(linked(bytes, linkage))) this.#functions.set(name, compiled)
      this.#modules += 1
      this.bytes += bytes.length
    }
    emitted.atEnd?.(`handlers ${kind}`, () => this.#keep(functionsAtEnd))
  }

  #name(): string {
    return `handlers ${this.#kind} ${this.#modules}`
  }

  /** All names there are. */
  get names(): Iterable<string> {
    return this.#functions.keys()
  }

  find(name: string): unknown {
    return this.#functions.get(name)
  }

  /** Something was compiled that was not found. */
  made(made: Made): void {
    this.#made.push(made)
  }

  /** Keeps what is enough for a module: to be called when everything is compiled that was asked for. */
  keep(): void {
    this.#keep(functionsOfModule)
  }

  #keep(atLeast: number): void {
    if (this.#made.length < atLeast || this.#modules >= modulesAtMost) return
    this.#emitted.keep(this.#name(), gathered(this.#made.splice(0), this.#linkage, this.types))
    this.#modules += 1
  }
}
