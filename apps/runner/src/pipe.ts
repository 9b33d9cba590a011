import type { PipedInput } from './piped-input.ts'

/** Reads stdin, which is no terminal, into an input, no faster than that wants it. */
export class Pipe {
  readonly #input: PipedInput
  readonly #wake: () => void

  constructor(input: PipedInput, wake: () => void) {
    this.#input = input
    this.#wake = wake
    const { stdin } = process
    stdin.on('data', this.#take)
    // what cannot be read has ended
    stdin.on('end', this.#end)
    stdin.on('error', this.#end)
  }

  /** Reads on once there is room for more. */
  pump(): void {
    if (!this.#input.full && process.stdin.isPaused()) process.stdin.resume()
  }

  close(): void {
    process.stdin.off('data', this.#take)
    process.stdin.off('end', this.#end)
    process.stdin.pause()
  }

  readonly #take = (bytes: Uint8Array): void => {
    this.#input.take(bytes)
    if (this.#input.full) process.stdin.pause()
    this.#wake()
  }

  readonly #end = (): void => {
    this.#input.end()
    this.#wake()
  }
}
