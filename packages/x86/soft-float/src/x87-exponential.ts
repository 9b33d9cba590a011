import { multiply, type Outcome } from './arithmetic.ts'
import { bitLength } from './bit-length.ts'
import type { X87Context } from './context.ts'
import {
  areaTangentFactor,
  exponentialFactor,
  fractionBits,
  fromFixed,
  ln2,
  one,
  ratio,
  scaled,
  times,
  toFixed,
} from './fixed-point.ts'
import { PE, UE } from './flags.ts'
import { type Float80, unpack80 } from './float80.ts'
import { type Exact, isNan, relationOf, type UnpackedNumber } from './unpacked.ts'
import { type X87Result, x87Deliver, x87Nan } from './x87-result.ts'

/**
 * Rounds a result as if it had not been exact: CPUs raise PE, and UE for denormals, for the few results that are.
 */
function deliver(outcome: Outcome, denormal: boolean, context: X87Context): X87Result {
  const result = x87Deliver(outcome, denormal, context)
  if (outcome.kind !== 'finite' || !result.written) return result
  const isTiny = result.value.signExponent % 0x8000 === 0
  return { ...result, flags: result.flags | PE | (isTiny ? UE : 0) }
}

/** F2XM1: 2ᵃ − 1 for −1 ≤ a ≤ 1. The manual leaves others undefined; here they come back unchanged. */
export function x87Exponential(a: Float80, context: X87Context): X87Result {
  const x = unpack80(a)
  if (isNan(x)) return x87Nan([a], [x], context.masks)
  if (x.kind === 'infinity' && x.negative) return x87Deliver(fixedOutcome(-one), false, context)
  return deliver(exponential(x), x.denormal, context)
}

function exponential(x: UnpackedNumber): Outcome {
  if (x.kind !== 'finite') return x
  const top = x.exponent + bitLength(x.significand)
  if (top > 0) {
    const isOne = top === 1 && toFixed(x) === one
    return isOne ? fixedOutcome(x.negative ? -(one >> 1n) : one) : x
  }
  const natural = scaled(x, ln2)
  const y = toFixed(natural)
  return { kind: 'finite', ...scaled(natural, exponentialFactor(x.negative ? -y : y, x.negative)) }
}

function fixedOutcome(fixed: bigint): Outcome {
  return { kind: 'finite', ...fromFixed(fixed) }
}

/** FYL2X: b × log₂ a. Source: SDM 2A table 3-38. */
export function x87Logarithm(a: Float80, b: Float80, context: X87Context): X87Result {
  return timesLogarithm(a, b, logarithm, context)
}

/**
 * FYL2XP1: b × log₂(a + 1), for a near 0: ±(1 − √½). The manual leaves others undefined; here they are what the
 * formula says, and come back unchanged from −1 down.
 */
export function x87LogarithmOfSum(a: Float80, b: Float80, context: X87Context): X87Result {
  const x = unpack80(a)
  const y = unpack80(b)
  if (!isNan(x) && isNowhere(x) && y.kind === 'finite') return deliver(x, y.denormal, context)
  return timesLogarithm(a, b, logarithmOfSum, context)
}

function timesLogarithm(
  a: Float80,
  b: Float80,
  logarithmOf: (x: UnpackedNumber) => UnpackedNumber | undefined,
  context: X87Context,
): X87Result {
  const x = unpack80(a)
  const y = unpack80(b)
  if (isNan(x) || isNan(y)) return x87Nan([a, b], [x, y], context.masks)
  const power = logarithmOf(x)
  const product = power === undefined ? invalid : multiply(y, power)
  const isPole = power?.kind === 'infinity' && x.kind !== 'infinity' && y.kind === 'finite'
  const outcome = isPole ? ({ ...product, kind: 'zero-divide' } as const) : product
  return deliver(outcome, x.denormal || y.denormal, context)
}

const invalid: Outcome = { kind: 'invalid', negative: false, significand: 0n, exponent: 0 }
const minusOne: UnpackedNumber = { kind: 'finite', negative: true, significand: 1n, exponent: 0, denormal: false }
const logarithmOfOne: UnpackedNumber = { kind: 'zero', negative: false, significand: 0n, exponent: 0, denormal: false }

/** log₂ x; nothing for a negative x. The logarithm of a zero is −∞. */
function logarithm(x: UnpackedNumber): UnpackedNumber | undefined {
  if (x.kind === 'zero') return { ...x, kind: 'infinity', negative: true }
  if (x.negative) return undefined
  if (x.kind === 'infinity') return x
  let power = x.exponent + bitLength(x.significand) - 1
  let mantissa: Exact = { negative: false, significand: x.significand, exponent: x.exponent - power }
  // Between 3/4 and 3/2, where the series is quick.
  if (2n * toFixed(mantissa) > 3n * one) {
    mantissa = { ...mantissa, exponent: mantissa.exponent - 1 }
    power += 1
  }
  const fraction = toFixed(mantissa)
  if (fraction === one) return power === 0 ? logarithmOfOne : numberOf(fromFixed(BigInt(power) << fractionBits))
  const near = nearOne(fromFixed(fraction - one), fraction + one)
  if (power === 0) return numberOf(near)
  const sum = (BigInt(power) << fractionBits) + signedFixed(near)
  return numberOf(fromFixed(sum))
}

/** log₂ of (1 + x), precisely also where x vanishes beside 1. Where it does not exist, a stand-in with its sign. */
function logarithmOfSum(x: UnpackedNumber): UnpackedNumber | undefined {
  if (x.kind !== 'finite') return x.kind === 'infinity' && x.negative ? undefined : x
  if (isNowhere(x)) return x
  // The 1 is below the last bit.
  if (x.exponent > 0) return logarithm(x)
  if (x.exponent + bitLength(x.significand) <= -1) return numberOf(nearOne(x, 2n * one + signedFixed(x)))
  const unit = 1n << BigInt(-x.exponent)
  return logarithm({ ...x, negative: false, significand: x.negative ? unit - x.significand : unit + x.significand })
}

function isNowhere(x: UnpackedNumber): boolean {
  return x.kind === 'finite' && relationOf(x, minusOne) !== 'greater'
}

/** log₂ of (1 + s) ÷ (1 − s) for s = numerator ÷ denominator: 2 artanh s ÷ ln 2. The denominator is in fixed point. */
function nearOne(numerator: Exact, denominator: bigint): Exact {
  const s = ratio(numerator, fromFixed(denominator))
  const fixed = toFixed(s)
  const natural = scaled({ ...s, negative: numerator.negative }, areaTangentFactor(times(fixed, fixed)))
  const binary = ratio(natural, fromFixed(ln2))
  return { negative: natural.negative, significand: binary.significand, exponent: binary.exponent + 1 }
}

function signedFixed(x: Exact): bigint {
  return x.negative ? -toFixed(x) : toFixed(x)
}

function numberOf(exact: Exact): UnpackedNumber {
  return { kind: 'finite', ...exact, denormal: false }
}
