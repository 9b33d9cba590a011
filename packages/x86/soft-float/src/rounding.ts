import { bitLength } from './bit-length.ts'
import type { Rounding, RoundingContext } from './context.ts'
import { OE, PE, UE } from './flags.ts'
import type { Exact } from './unpacked.ts'

/** Where a result must fit: bits of significand, and the exponents that its leading bit can have. */
export interface Target {
  readonly precision: number
  readonly minExponent: number
  readonly maxExponent: number
  /**
   * What unmasked overflow takes from the exponent of a result and unmasked underflow adds to it; 0 where such results
   * are not written, and the value is the masked response.
   */
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
 * after rounding. Source: SDM 1 §4.9.1.4 to §4.9.1.6, §8.5.4, §8.5.5.
 */
export function roundTo(target: Target, exact: Exact, context: RoundingContext, flushToZero = false): Rounded {
  const place = exact.exponent + bitLength(exact.significand) - target.precision
  const multiple = roundAt(exact, place, context.rounding)
  const carried = multiple.significand >> BigInt(target.precision) !== 0n
  const top = place + target.precision - (carried ? 0 : 1)
  const free = finite(exact, multiple, place, multiple.inexact ? PE : 0)
  if (top > target.maxExponent) return overflow(target, free, top, context)
  if (top < target.minExponent) return underflow(target, exact, free, top, context, flushToZero)
  return free
}

function finite(exact: Exact, multiple: Multiple, exponent: number, flags: number): Rounded {
  const { significand, roundedUp } = multiple
  return { kind: 'finite', negative: exact.negative, significand, exponent, flags, roundedUp }
}

/** `free` is the value rounded as if exponents had no bounds, and `top` the exponent of its leading bit. */
function overflow(target: Target, free: Rounded, top: number, context: RoundingContext): Rounded {
  const isMasked = (context.masks & OE) !== 0
  if (isMasked || target.wrap === 0) {
    return beyondLargest(target, free.negative, isMasked ? OE | PE : OE | free.flags, context.rounding)
  }
  if (top - target.wrap <= target.maxExponent) {
    return { ...free, exponent: free.exponent - target.wrap, flags: OE | free.flags }
  }
  return beyondLargest(target, free.negative, OE | PE, free.negative ? 'down' : 'up')
}

/** Infinity, or the largest value where the direction points back to it. */
function beyondLargest(target: Target, negative: boolean, flags: number, rounding: Rounding): Rounded {
  const roundedUp = rounding === 'nearest' || rounding === (negative ? 'down' : 'up')
  const significand = (1n << BigInt(target.precision)) - 1n
  const exponent = target.maxExponent - target.precision + 1
  return { kind: roundedUp ? 'infinity' : 'finite', negative, significand, exponent, flags, roundedUp }
}

function underflow(
  target: Target,
  exact: Exact,
  free: Rounded,
  top: number,
  context: RoundingContext,
  flushToZero: boolean,
): Rounded {
  const isMasked = (context.masks & UE) !== 0
  const lowest = target.minExponent - target.precision + 1
  const zero = { significand: 0n, inexact: true, roundedUp: false }
  if (isMasked || target.wrap === 0) {
    const multiple = flushToZero ? zero : roundAt(exact, lowest, context.rounding)
    const masked = multiple.inexact ? UE | PE : 0
    return finite(exact, multiple, lowest, isMasked ? masked : UE | free.flags)
  }
  if (top + target.wrap >= target.minExponent) {
    return { ...free, exponent: free.exponent + target.wrap, flags: UE | free.flags }
  }
  return finite(exact, zero, lowest, UE | PE)
}
