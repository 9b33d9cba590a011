const longestLine = 256
const newline = 0x0a
const panicMark = 'Kernel panic - not syncing: '

/** What the guest's console says about the guest, as far as one can tell from outside. */
export class GuestConsole {
  #line = ''
  /** How many bytes were written. */
  bytes = 0
  /** Guest time of the last one, in nanoseconds. */
  lastAt = 0
  /** What the guest's kernel died of, in its own words. */
  panic: string | undefined

  wrote(byte: number, now: number): void {
    this.bytes += 1
    this.lastAt = now
    if (byte === newline) this.#endLine()
    else if (this.#line.length < longestLine) this.#line += String.fromCharCode(byte)
  }

  /** The cursor stands behind something on its line: who is idle now waits for an answer. */
  get atPrompt(): boolean {
    return this.#line !== ''
  }

  #endLine(): void {
    const at = this.#line.indexOf(panicMark)
    const isKernels = at === 0 || this.#line.slice(0, at).endsWith('] ')
    if (at >= 0 && isKernels) this.panic ??= this.#line.slice(at + panicMark.length).trim()
    this.#line = ''
  }
}
