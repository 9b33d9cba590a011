import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { because } from './named-file.ts'

const newline = 0x0a
const firstRoom = 4096
const shortestWait = 1
const longestWait = 20

/** Bytes on their way to a file descriptor, in order. A reader that is slow is waited for, without blocking the process. */
export class Output {
  readonly #descriptor: number
  #bytes = new Uint8Array(firstRoom)
  #first = 0
  #end = 0
  /** Nobody reads any more, or nothing can be written any more. What is put then is forgotten. */
  closed = false
  /** Why nothing can be written, unless it is that nobody reads. */
  failure: string | undefined

  constructor(descriptor: number) {
    this.#descriptor = withoutBlocking(descriptor)
  }

  /** Nothing waits to be written, or whole lines: what others write next does not end up inside something. */
  get isBetweenLines(): boolean {
    return this.#end === 0 || this.#bytes[this.#end - 1] === newline
  }

  /** There was somebody who read, and who has gone. */
  get isUnread(): boolean {
    return this.closed && this.failure === undefined
  }

  put(byte: number): void {
    if (this.#end === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.#end] = byte
    this.#end += 1
  }

  /** Writes so many bytes of what was put first, unless the reader closes or `abandoned` says that it is not worth waiting for. */
  async drain(count: number, abandoned: () => boolean): Promise<void> {
    const target = Math.min(this.#first + count, this.#end)
    for (let wait = shortestWait; !this.#written(target) && !abandoned(); wait = Math.min(wait * 2, longestWait))
      await sleep(wait)
  }

  /** Whether all before `target` is written, or nobody wants it. */
  #written(target: number): boolean {
    try {
      while (this.#first < target && !this.closed)
        this.#first += writeSync(this.#descriptor, this.#bytes, this.#first, target - this.#first)
    } catch (error) {
      const { code } = error as { readonly code?: string }
      if (code === 'EAGAIN') return false
      if (code !== 'EPIPE') this.failure = because(error)
      this.closed = true
    }
    if (this.closed || this.#first === this.#end) {
      this.#first = 0
      this.#end = 0
    }
    return true
  }
}

/** Bytes for several outputs that are written in the order in which they came: who reads both sees one after another. */
export class Outputs {
  #runs: { readonly output: Output; count: number }[] = []
  #last: { readonly output: Output; count: number } | undefined

  put(output: Output, byte: number): void {
    output.put(byte)
    if (this.#last?.output !== output) {
      this.#last = { output, count: 0 }
      this.#runs.push(this.#last)
    }
    this.#last.count += 1
  }

  /** Writes all there is, as long as it is worth waiting for. */
  async drain(abandoned: () => boolean): Promise<void> {
    const runs = this.#runs
    this.#runs = []
    this.#last = undefined
    for (const { output, count } of runs) await output.drain(count, abandoned)
  }
}

/** A pipe opened once more, so that a full one is told apart from a slow one, and others who hold it do not notice. */
function withoutBlocking(descriptor: number): number {
  try {
    if (!fstatSync(descriptor).isFIFO()) return descriptor
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return descriptor
  }
}
