import { bitLength } from './bit-length.ts'
import type { Rounding, RoundingContext } from './context.ts'
import { OE, PE, UE } from './flags.ts'
import type { Exact } from './unpacked.ts'

/** Where a result must fit: bits of significand, and the exponents that its leading bit can have. */
export interface Target {
  readonly precision: number
  readonly minExponent: number
  readonly maxExponent: number
  /** What unmasked overflow takes from the exponent and unmasked underflow adds to it. */
  readonly wrap: number
}

/** A multiple of 2^exponent, and how it came to be. */
interface Multiple {
  readonly significand: bigint
  readonly inexact: boolean
  /** The magnitude grew. */
  readonly roundedUp: boolean
}

/** A value that fits its target. A significand of 0 is a zero; it can be 2^precision after a carry. */
export interface Rounded extends Exact {
  readonly kind: 'finite' | 'infinity'
  readonly flags: number
  readonly roundedUp: boolean
}

/** Rounds to a multiple of 2^place. The result's exponent is `place`. */
export function roundAt(exact: Exact, place: number, rounding: Rounding): Multiple {
  const drop = place - exact.exponent
  if (drop <= 0) return { significand: exact.significand << BigInt(-drop), inexact: false, roundedUp: false }
  const shift = BigInt(Math.min(drop, bitLength(exact.significand) + 2))
  const kept = exact.significand >> shift
  const rest = exact.significand - (kept << shift)
  if (rest === 0n) return { significand: kept, inexact: false, roundedUp: false }
  const roundedUp = growsMagnitude(kept, rest, 1n << (shift - 1n), exact.negative, rounding)
  return { significand: roundedUp ? kept + 1n : kept, inexact: true, roundedUp }
}

function growsMagnitude(kept: bigint, rest: bigint, half: bigint, negative: boolean, rounding: Rounding): boolean {
  switch (rounding) {
    case 'nearest':
      return rest > half || (rest === half && (kept & 1n) === 1n)
    case 'down':
      return negative
    case 'up':
      return !negative
    case 'zero':
      return false
    default:
      return rounding satisfies never
  }
}

/**
 * Rounds an exact value to a target with the responses to overflow, underflow and inexactness. Tininess is detected
 * after rounding. Source: SDM 1 §4.9.1.4 to §4.9.1.6.
 */
export function roundTo(target: Target, exact: Exact, context: RoundingContext, flushToZero = false): Rounded {
  const place = exact.exponent + bitLength(exact.significand) - target.precision
  const free = roundAt(exact, place, context.rounding)
  const carried = free.significand >> BigInt(target.precision) !== 0n
  const top = place + target.precision - (carried ? 0 : 1)
  if (top > target.maxExponent) return overflow(target, exact, free, place, context)
  if (top < target.minExponent) return underflow(target, exact, free, place, context, flushToZero)
  return finite(exact, free, place, free.inexact ? PE : 0)
}

function finite(exact: Exact, multiple: Multiple, exponent: number, flags: number): Rounded {
  const { significand, roundedUp } = multiple
  return { kind: 'finite', negative: exact.negative, significand, exponent, flags, roundedUp }
}

function overflow(target: Target, exact: Exact, free: Multiple, place: number, context: RoundingContext): Rounded {
  if ((context.masks & OE) === 0) {
    const wrapped = finite(exact, free, place - target.wrap, OE | (free.inexact ? PE : 0))
    return place + target.precision - target.wrap > target.maxExponent ? unbounded(target, wrapped, context) : wrapped
  }
  return unbounded(target, finite(exact, free, place, OE | PE), context)
}

/** The masked response: infinity, or the largest value where the direction points back to it. */
function unbounded(target: Target, value: Rounded, context: RoundingContext): Rounded {
  const { rounding } = context
  const flags = value.flags | PE
  const away = rounding === 'nearest' || rounding === (value.negative ? 'down' : 'up')
  if (away) return { ...value, kind: 'infinity', flags, roundedUp: true }
  const significand = (1n << BigInt(target.precision)) - 1n
  return { ...value, significand, exponent: target.maxExponent - target.precision + 1, flags, roundedUp: false }
}

function underflow(
  target: Target,
  exact: Exact,
  free: Multiple,
  place: number,
  context: RoundingContext,
  flushToZero: boolean,
): Rounded {
  const lowest = target.minExponent - target.precision + 1
  if ((context.masks & UE) === 0) {
    const wrapped = place + target.wrap
    if (wrapped >= lowest) return finite(exact, free, wrapped, UE | (free.inexact ? PE : 0))
  } else if (flushToZero) {
    return finite(exact, { significand: 0n, inexact: true, roundedUp: false }, lowest, UE | PE)
  }
  const dense = roundAt(exact, lowest, context.rounding)
  const isMasked = (context.masks & UE) !== 0
  const flags = dense.inexact ? UE | PE : isMasked ? 0 : UE
  return finite(exact, dense, lowest, flags)
}
