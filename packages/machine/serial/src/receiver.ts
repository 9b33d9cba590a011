import { likeSaved, type Saved } from '@vmm/device'

const depth = 16

/** One character and what the line said about it, in the bits of the line status register (2 to 4). */
export interface Character {
  readonly byte: number
  readonly status: number
}

/** The receiver's buffer: sixteen characters as a FIFO, or one. */
export class Receiver {
  readonly #bytes = new Uint8Array(depth)
  readonly #status = new Uint8Array(depth)
  #first = 0
  #count = 0
  #capacity = 1

  get count(): number {
    return this.#count
  }

  get room(): number {
    return this.#capacity - this.#count
  }

  set fifo(on: boolean) {
    this.#capacity = on ? depth : 1
    this.clear()
  }

  clear(): void {
    this.#first = 0
    this.#count = 0
  }

  /** Returns false when there is no room: an overrun. */
  push(byte: number, status: number): boolean {
    if (this.room <= 0) return false
    const at = (this.#first + this.#count) % depth
    this.#bytes[at] = byte
    this.#status[at] = status
    this.#count++
    return true
  }

  shift(): Character | undefined {
    if (this.#count === 0) return undefined
    const at = this.#first
    this.#first = (at + 1) % depth
    this.#count--
    return { byte: this.#bytes[at] ?? 0, status: this.#status[at] ?? 0 }
  }

  /** The line status bits of the character that would be read next. Reading the line status register forgets them. */
  takeStatus(): number {
    if (this.#count === 0) return 0
    const status = this.#status[this.#first] ?? 0
    this.#status[this.#first] = 0
    return status
  }

  get frontStatus(): number {
    return this.#count === 0 ? 0 : (this.#status[this.#first] ?? 0)
  }

  get anyStatus(): boolean {
    for (let index = 0; index < this.#count; index++) if (this.#status[(this.#first + index) % depth]) return true
    return false
  }

  save() {
    return {
      bytes: this.#bytes.slice(),
      status: this.#status.slice(),
      first: this.#first,
      count: this.#count,
      fifo: this.#capacity === depth,
    } satisfies Saved
  }

  restore(saved: Saved): void {
    const { bytes, status, first, count, fifo } = likeSaved('serial receiver', this.save(), saved)
    this.#bytes.set(bytes)
    this.#status.set(status)
    this.#capacity = fifo ? depth : 1
    this.#first = first & (depth - 1)
    this.#count = Math.min(Math.max(0, count & 31), this.#capacity)
  }
}
