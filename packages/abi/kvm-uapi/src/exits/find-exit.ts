import type { ExitReason } from './exit.ts'
import { exitReasons } from './exits.rows.ts'

const byNumber = new Map(exitReasons.map((row) => [row.number, row]))

/** The exit reason of a number, or undefined: newer kernels have more. */
export function exitNumbered(number: number): ExitReason | undefined {
  return byNumber.get(number)
}
