import type { Outcome } from './arithmetic.ts'
import type { X87Context } from './context.ts'
import { DE, IE, OE, PE, preComputation, UE, ZE } from './flags.ts'
import { type Float80, indefinite80, infinity80, pack80, quieted80, signedZero80, targets } from './float80.ts'
import { roundTo } from './rounding.ts'
import { isNan, type Unpacked } from './unpacked.ts'

/** What an x87 instruction makes of its operands. */
export interface X87Result<Value = Float80> {
  /** The masked response, or for a register result under unmasked OE or UE the scaled one. */
  readonly value: Value
  readonly flags: number
  /** C1: the magnitude grew by rounding. */
  readonly roundedUp: boolean
  /** Whether an unmasked exception leaves the destination, and the stack, as they were. */
  readonly written: boolean
}

/** A result that goes to a register: unmasked OE, UE and PE do not keep it from being written. */
export function toRegister<Value>(value: Value, flags: number, roundedUp: boolean, masks: number): X87Result<Value> {
  const before = flags & preComputation & ~masks
  if (before === 0) return { value, flags, roundedUp, written: true }
  return { value, flags: flags & preComputation, roundedUp: false, written: false }
}

/** A result that goes to memory: unmasked OE and UE too keep it from being written, and then nothing is rounded. */
export function toMemory<Value>(value: Value, flags: number, roundedUp: boolean, masks: number): X87Result<Value> {
  if ((flags & (OE | UE) & ~masks) === 0) return toRegister(value, flags, roundedUp, masks)
  return { value, flags: flags & ~PE, roundedUp: false, written: false }
}

/**
 * The response to NaNs among one or two operands: unsupported ones are invalid; of two NaNs the one with the larger
 * significand wins, so a quiet one over a signaling one, then the positive one. Source: SDM 1 table 4-7.
 */
export function x87Nan(values: readonly Float80[], operands: readonly Unpacked[], masks: number): X87Result {
  if (operands.some(({ kind }) => kind === 'unsupported')) return x87Invalid(masks)
  const isSignaling = operands.some(({ kind }) => kind === 'signaling')
  const nans = values.filter((_, i) => isNan(operands[i]!))
  const chosen = nans.reduce((best, next) => (isPreferred(next, best) ? next : best))
  return toRegister(quieted80(chosen), isSignaling ? IE : 0, false, masks)
}

function isPreferred(next: Float80, best: Float80): boolean {
  if (next.significand !== best.significand) return next.significand > best.significand
  return next.signExponent < best.signExponent
}

/** The response to an invalid operation. */
export function x87Invalid(masks: number): X87Result {
  return toRegister(indefinite80, IE, false, masks)
}

/** Rounds and packs what an operation came to. `denormal` says whether an operand was. */
export function x87Deliver(
  outcome: Outcome,
  denormal: boolean,
  context: X87Context,
  precision: X87Context['precision'] = 64,
): X87Result {
  const { masks } = context
  const flags = denormal ? DE : 0
  switch (outcome.kind) {
    case 'invalid':
      return x87Invalid(masks)
    case 'zero-divide':
      return toRegister(infinity80(outcome.negative), ZE, false, masks)
    case 'zero':
      return toRegister(signedZero80(outcome.negative), flags, false, masks)
    case 'infinity':
      return toRegister(infinity80(outcome.negative), flags, false, masks)
    case 'finite': {
      const rounded = roundTo(targets[precision], outcome, context)
      return toRegister(pack80(targets[precision], rounded), flags | rounded.flags, rounded.roundedUp, masks)
    }
    default:
      return outcome.kind satisfies never
  }
}
