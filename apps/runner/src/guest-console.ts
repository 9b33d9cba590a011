const longestLine = 512
const newline = 0x0a
const panicMark = 'Kernel panic - not syncing: '
const givenUpMark = '---[ end Kernel panic'

/** What the guest's console says about the guest, as far as one can tell from outside. */
export class GuestConsole {
  #line = ''
  /** How many bytes were written. */
  bytes = 0
  /** Guest time of the last one, in nanoseconds. */
  lastAt = 0
  /** What the guest's kernel died of, in its own words. */
  panic: string | undefined
  /** The kernel has died and will not even reset. */
  isGivenUp = false

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
    const says = this.#afterMark(panicMark)
    if (says !== undefined) this.panic ??= says.trim()
    if (this.panic !== undefined && this.#afterMark(givenUpMark) !== undefined) this.isGivenUp = true
    this.#line = ''
  }

  /** What the kernel itself wrote behind a mark: only a time stamp stands before it. */
  #afterMark(mark: string): string | undefined {
    const at = this.#line.indexOf(mark)
    return at >= 0 && /^(\[[ \d.]+\](\[[^\]]*\])? )?$/.test(this.#line.slice(0, at))
      ? this.#line.slice(at + mark.length)
      : undefined
  }
}
