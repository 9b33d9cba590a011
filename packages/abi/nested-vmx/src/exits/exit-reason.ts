import { fieldOf } from '@vmm/bits'
import { exitReasonBits, exitReasons } from './exit-reasons.rows.ts'

/** A basic exit reason, by the name that the kernel gives it. */
export type ExitReason = keyof typeof exitReasons

/** An exit reason, taken apart. */
export interface ReadExitReason {
  /** The basic exit reason; its number where there is none of that number in the manual. */
  readonly basic: ExitReason | number
  /** What the exit was of, in words. */
  readonly says: string
  /** The entry failed: the guest has not run. */
  readonly entryFailure: boolean
  /** What else is told with it. */
  readonly flags: readonly ExitReasonFlag[]
}

/** A flag of the exit reason. */
export type ExitReasonFlag = Exclude<keyof typeof exitReasonBits, 'BASIC'>

const names = Object.keys(exitReasons) as ExitReason[]
const byNumber = new Map<number, ExitReason>(names.map((name) => [exitReasons[name][0], name]))
const flagNames = (Object.keys(exitReasonBits) as (keyof typeof exitReasonBits)[]).filter((name) => name !== 'BASIC')

/** Takes an exit reason apart. Source: SDM 3C 25.9.1 Basic VM-Exit Information. */
export function exitReasonOf(value: number): ReadExitReason {
  const reason = BigInt(value >>> 0)
  const number = Number(fieldOf(reason, exitReasonBits.BASIC))
  const basic = byNumber.get(number)
  const flags = flagNames.filter((name) => fieldOf(reason, exitReasonBits[name]) !== 0n)
  return {
    basic: basic ?? number,
    says: basic === undefined ? `exit reason ${number}` : exitReasons[basic][1],
    entryFailure: flags.includes('ENTRY_FAILURE'),
    flags,
  }
}

/** The numbers of basic exit reasons, by name. */
export const exitNumbers: Readonly<Record<ExitReason, number>> = Object.fromEntries(
  names.map((name) => [name, exitReasons[name][0]]),
) as Record<ExitReason, number>

/** The number of a basic exit reason. */
export function exitReasonNumber(reason: ExitReason): number {
  return exitReasons[reason][0]
}
