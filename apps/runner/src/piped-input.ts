import type { GuestConsole } from './guest-console.ts'
import type { Input, Reader } from './input.ts'
import type { SerialLine } from './machine-port.ts'

const newline = 0x0a
/** Ctrl-D: the end of input for whoever reads a terminal. */
const endOfInput = 0x04
/** A terminal keeps 4096 characters that nobody has read; half of them at a time. */
const allowance = 2048
/** Who has been silent for so long reads without a prompt, or not at all. */
const quietNanoseconds = 2e9
/** More than this is not read from the pipe before the guest has taken some. */
const most = 1 << 20

/**
 * Input from a file or a pipe: held until the guest reads, handed over line by line and no faster than the line takes it. At its
 * end Ctrl-D is sent, again to each who reads after that.
 */
export class PipedInput implements Input {
  #held = Buffer.alloc(0)
  #ended = false
  #last = newline
  #credit = 0
  #allowed = 0
  #bytesAtEnd = -1

  /** Takes what came. */
  take(bytes: Uint8Array): void {
    this.#last = bytes.at(-1) ?? this.#last
    this.#held = Buffer.concat([this.#held, bytes])
  }

  /** No more will come. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    // a shell runs a line when it is whole
    if (this.#last !== newline) this.#held = Buffer.concat([this.#held, Buffer.of(newline)])
  }

  /** What is held is enough for now. */
  get full(): boolean {
    return this.#held.length >= most
  }

  /** More may come, and nothing is left of what came. */
  get awaited(): boolean {
    return !this.#ended && this.#held.length === 0
  }

  /** Grants a line to who seems to read. */
  offer(line: SerialLine, { console, is }: Reader, now: number): number {
    const waits = is !== 'busy' || line.polled
    const isReading = line.polled || is === 'idle for ever' || now - console.lastAt >= quietNanoseconds
    if (isReading || (waits && console.atPrompt)) this.#allowed = allowance
    if (this.#credit === 0 && waits) this.#grant(console)
    return this.feed(line)
  }

  #grant(console: GuestConsole): void {
    const end = this.#held.indexOf(newline)
    const piece = Math.min(end < 0 ? this.#held.length : end + 1, allowance)
    if (piece > 0) {
      if (piece > this.#allowed) return
      this.#allowed -= piece
      this.#credit = piece
    } else if (this.#ended && this.#allowed > 0 && console.bytes !== this.#bytesAtEnd) {
      this.#bytesAtEnd = console.bytes
      this.#held = Buffer.of(endOfInput)
      this.#credit = 1
    }
  }

  /** Who sleeps until an alarm is let sleep. */
  wakes(forever: boolean): boolean {
    return forever && this.#held.length > 0
  }

  /** Hands over what was granted, as much as the line takes. */
  feed(line: SerialLine): number {
    const offered = Math.min(this.#credit, line.room)
    if (offered === 0) return 0
    const taken = line.receive(this.#held.subarray(0, offered))
    this.#held = this.#held.subarray(taken)
    this.#credit -= taken
    return taken
  }
}
