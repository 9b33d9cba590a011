import type { ReadStream } from 'node:tty'

/** Titles are pushed on the terminal's stack and popped from it, as xterm does. */
const control = {
  pushTitle: '\u001b[22;0t',
  popTitle: '\u001b[23;0t',
  title: (text: string) => `\u001b]0;${text}\u0007`,
} as const

/** Terminals that would show a title as text, or have no place for one. */
const withoutTitle = ['', 'dumb', 'linux']

/** A person's terminal, lent to the guest: raw until `close`, which also happens when the process ends in any other way. */
export class Terminal {
  readonly #stdin: ReadStream
  readonly #onKeys: (bytes: Uint8Array) => void
  readonly #hasTitle = process.stderr.isTTY === true && !withoutTitle.includes(process.env['TERM'] ?? '')
  #open = true

  constructor(onKeys: (bytes: Uint8Array) => void, onGone: () => void) {
    this.#stdin = process.stdin
    this.#onKeys = onKeys
    this.#stdin.setRawMode(true)
    this.#stdin.on('data', this.#onKeys)
    this.#stdin.once('end', onGone)
    this.#stdin.once('error', onGone)
    process.on('exit', this.close)
    process.on('SIGTSTP', this.#stopped)
    process.on('SIGCONT', this.#resumed)
    if (this.#hasTitle) process.stderr.write(control.pushTitle)
  }

  /** A line for the person, between what the guest writes. */
  say(text: string): void {
    // raw mode as Node has it still sends the cursor to the left at the end of a line
    process.stderr.write(`\n${text}\n`)
  }

  set title(text: string) {
    if (this.#hasTitle) process.stderr.write(control.title(text))
  }

  /** Gives the terminal back as it was. */
  readonly close = (): void => {
    if (!this.#open) return
    this.#open = false
    process.off('exit', this.close)
    process.off('SIGTSTP', this.#stopped)
    process.off('SIGCONT', this.#resumed)
    this.#stdin.off('data', this.#onKeys)
    this.#stdin.setRawMode(false)
    this.#stdin.pause()
    if (this.#hasTitle) process.stderr.write(control.popTitle)
  }

  /** Who stops us gets the terminal as it was. */
  readonly #stopped = (): void => {
    this.#stdin.setRawMode(false)
    process.kill(process.pid, 'SIGSTOP')
  }

  /** Whoever stopped us may have taken raw mode away. */
  readonly #resumed = (): void => {
    this.#stdin.setRawMode(false)
    this.#stdin.setRawMode(true)
  }
}
