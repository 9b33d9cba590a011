import type { Nanoseconds } from './device.ts'

const second = 1_000_000_000

/**
 * How many whole ticks of an oscillator of `hertz` (at most 9 MHz, a whole number) have passed at `now`.
 * Exact for every time a `Nanoseconds` can hold: no product leaves 2^53.
 */
export function ticksAt(hertz: number, now: Nanoseconds): number {
  const seconds = Math.floor(now / second)
  return seconds * hertz + Math.floor(((now - seconds * second) * hertz) / second)
}

/** The first nanosecond at which `ticksAt(hertz, …)` is `ticks`. */
export function nanosecondsAt(hertz: number, ticks: number): Nanoseconds {
  const seconds = Math.floor(ticks / hertz)
  return seconds * second + Math.ceil(((ticks - seconds * hertz) * second) / hertz)
}
