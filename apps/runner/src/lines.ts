import { closeSync, writeSync } from 'node:fs'
import { openOutput } from './named-file.ts'

const stderr = 2
/** A file is written in pieces of this many characters. */
const piece = 1 << 16

/** Lines for a file, or for stderr, in order and at once. */
export class Lines {
  readonly #descriptor: number
  readonly #room: number
  readonly #onFailure: (error: unknown) => void
  #waiting = ''
  #failed = false

  /** @throws {UsageError} if the file cannot be opened. What comes between later is told once. */
  constructor(file: string | undefined, onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure
    this.#descriptor = file === undefined ? stderr : openOutput(file, '--trace')
    this.#room = file === undefined ? 0 : piece
  }

  put(line: string): void {
    this.#waiting += `${line}\n`
    if (this.#waiting.length >= this.#room) this.#flush()
  }

  close(): void {
    this.#flush()
    if (this.#descriptor !== stderr) closeSync(this.#descriptor)
  }

  /** Who cannot be written to is not written to again. */
  #flush(): void {
    const bytes = Buffer.from(this.#waiting)
    this.#waiting = ''
    for (let done = 0; done < bytes.length && !this.#failed; ) {
      try {
        done += writeSync(this.#descriptor, bytes, done)
      } catch (error) {
        if ((error as { code?: string }).code === 'EAGAIN') pause()
        else {
          this.#failed = true
          this.#onFailure(error)
        }
      }
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** A millisecond for a reader that is slow. */
function pause(): void {
  Atomics.wait(sleeper, 0, 0, 1)
}
