import { grouped } from './grouped.ts'

/** Totals of a run so far. */
export interface Totals {
  /** Wall-clock milliseconds. */
  readonly milliseconds: number
  /** Guest nanoseconds. */
  readonly guestTime: number
  readonly instructions: number
  readonly exits: number
}

const shortest = 250

/** Rates since the last look. */
export class Meter {
  #before: Totals = { milliseconds: 0, guestTime: 0, instructions: 0, exits: 0 }
  #line = ''

  /** The line of Ctrl-A s and of the terminal's title. Looks that follow each other closely see the same. */
  status(now: Totals): string {
    const milliseconds = now.milliseconds - this.#before.milliseconds
    if (milliseconds < shortest && this.#line !== '') return this.#line
    const perSecond = (what: 'instructions' | 'exits') =>
      (now[what] - this.#before[what]) / Math.max(milliseconds / 1000, 1e-3)
    this.#line = [
      `guest time ${(now.guestTime / 1e9).toFixed(1)} s`,
      `${grouped(now.instructions)} instructions`,
      `${grouped(perSecond('instructions') / 1e6)} MIPS`,
      `${grouped(perSecond('exits'))} exits/s`,
    ].join(', ')
    this.#before = now
    return this.#line
  }
}
