import { constants } from 'node:os'
import { exceptionAt } from '@vmm/x86-registers'
import type { Wish } from './ending.ts'
import type { End } from './machine-port.ts'

/** Why a run is over: the guest, a limit, or someone outside. `kind` is the `end` of the report. */
export type Outcome =
  | End
  | Wish
  /** The command of --exec ended. */
  | { readonly kind: 'command'; readonly status: number }
  /** The guest's kernel gave up, in its own words. */
  | { readonly kind: 'guest-panic'; readonly says: string }
  /** Nothing can wake the processor any more. */
  | { readonly kind: 'halted'; readonly says: string }
  | { readonly kind: 'instruction-limit'; readonly says: string }
  | { readonly kind: 'time-limit'; readonly says: string }

/** Exit statuses of `vmm run`. A debug exit gives odd ones, a signal 128 and its number. */
export const exitStatus = { success: 0, usage: 2, shutdown: 120, differs: 121, internal: 122, limit: 124 } as const

const signalBase = 128

/** The exit status for an outcome. */
export function statusOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'power-off':
    case 'reset':
    case 'quit':
      return exitStatus.success
    case 'command':
    case 'closed':
      return outcome.status
    case 'debug-exit':
      return ((outcome.value << 1) | 1) & 0xff
    case 'shutdown':
      return exitStatus.shutdown
    case 'differs':
      return exitStatus.differs
    case 'internal-error':
    case 'guest-panic':
    case 'halted':
    case 'failed':
      return exitStatus.internal
    case 'instruction-limit':
    case 'time-limit':
      return exitStatus.limit
    case 'signal':
      return signalBase + constants.signals[outcome.name]
    default:
      return outcome satisfies never
  }
}

const hex = (value: number | bigint): string => value.toString(16)

function exceptionText({ vector, errorCode, rip }: Extract<End, { kind: 'shutdown' }>['because'][number]): string {
  const name = exceptionAt(vector)
  const what = name === undefined ? `vector ${vector}` : `#${name}`
  return `${what}${errorCode === undefined ? '' : `(${hex(errorCode)})`} at ${hex(rip)}`
}

/** An outcome in words, one line. */
export function sayOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'shutdown':
      return `triple fault: ${[...outcome.because.map(exceptionText), outcome.state].join('; ')}`
    case 'internal-error':
      return `internal error: ${outcome.says}`
    case 'guest-panic':
      return `guest panic: ${outcome.says}`
    case 'halted':
    case 'failed':
    case 'differs':
    case 'instruction-limit':
    case 'time-limit':
      return outcome.says
    case 'debug-exit':
      return `debug exit ${outcome.value}`
    case 'command':
      return `command ended with ${outcome.status}`
    case 'signal':
      return outcome.name
    case 'closed':
      return 'nobody reads the output any more'
    default:
      return outcome.kind
  }
}
