import type { Input } from './input.ts'
import type { SerialLine } from './machine-port.ts'

const escapeKey = 0x01 // Ctrl-A

/** What the keys after Ctrl-A do. */
export interface Commands {
  readonly quit: () => void
  readonly help: () => void
  readonly status: () => void
}

/** What a person types: all of it goes to the guest, but for Ctrl-A and the key after it. */
export class Keyboard implements Input {
  readonly #commands: Commands
  #held: number[] = []
  #escaped = false

  constructor(commands: Commands) {
    this.#commands = commands
  }

  /** Takes keys as a terminal in raw mode sends them. */
  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#escaped) this.#command(byte)
      else if (byte === escapeKey) this.#escaped = true
      else this.#held.push(byte)
    }
  }

  get awaited(): boolean {
    return this.#held.length === 0
  }

  feed(line: SerialLine): number {
    const taken = line.receive(Uint8Array.from(this.#held.slice(0, line.room)))
    this.#held = this.#held.slice(taken)
    return taken
  }

  offer(line: SerialLine): number {
    return this.feed(line)
  }

  /** Any key does. */
  wakes(): boolean {
    return !this.awaited
  }

  /** Other keys than these do nothing. Ctrl-A twice is Ctrl-A, too. */
  #command(byte: number): void {
    this.#escaped = false
    const key = String.fromCharCode(byte).toLowerCase()
    if (key === 'x') this.#commands.quit()
    else if (key === 'h' || key === '?') this.#commands.help()
    else if (key === 's') this.#commands.status()
    else if (key === 'a' || byte === escapeKey) this.#held.push(escapeKey)
  }
}
