import { bitLength } from './bit-length.ts'
import type { X87Context } from './context.ts'
import { type Float80, unpack80 } from './float80.ts'
import type { Exact } from './unpacked.ts'
import { isNan } from './unpacked.ts'
import { C0, C1, C2, C3 } from './x87-compare.ts'
import { type X87Result, x87Deliver, x87Invalid, x87Nan } from './x87-result.ts'

/** A remainder with C3, C2, C1 and C0: the quotient's low bits, or C2 alone where the reduction is not complete. */
export interface X87Remainder extends X87Result {
  readonly conditionCodes: number
}

/** FPREM: the remainder of a ÷ b with the quotient rounded toward zero. */
export function x87Remainder(a: Float80, b: Float80, context: X87Context): X87Remainder {
  return remainder(a, b, 'zero', context)
}

/** FPREM1: the remainder of a ÷ b with the quotient rounded to nearest, as IEEE 754 has it. */
export function x87RemainderNearest(a: Float80, b: Float80, context: X87Context): X87Remainder {
  return remainder(a, b, 'nearest', context)
}

function remainder(a: Float80, b: Float80, quotient: 'zero' | 'nearest', context: X87Context): X87Remainder {
  const x = unpack80(a)
  const y = unpack80(b)
  const { masks } = context
  if (isNan(x) || isNan(y)) return { ...x87Nan([a, b], [x, y], masks), conditionCodes: 0 }
  if (x.kind === 'infinity' || y.kind === 'zero') return { ...x87Invalid(masks), conditionCodes: 0 }
  const denormal = x.denormal || y.denormal
  if (x.kind === 'zero' || y.kind === 'infinity') return { ...x87Deliver(x, denormal, context), conditionCodes: 0 }
  const distance = topOf(x) - topOf(y)
  const step = distance < 64 ? reduce(x, y, quotient) : reducePartly(x, y, distance)
  const kind = step.significand === 0n ? 'zero' : 'finite'
  const negative = x.negative !== step.significand < 0n
  const significand = step.significand < 0n ? -step.significand : step.significand
  const outcome = { kind, negative, significand, exponent: step.exponent } as const
  const result = x87Deliver(outcome, denormal, context)
  return { ...result, conditionCodes: result.written ? step.conditionCodes : 0 }
}

function topOf(x: Exact): number {
  return x.exponent + bitLength(x.significand)
}

/** What is left of |x|, with a sign of its own, and the condition codes. */
interface Step {
  readonly significand: bigint
  readonly exponent: number
  readonly conditionCodes: number
}

function reduce(x: Exact, y: Exact, rounding: 'zero' | 'nearest'): Step {
  const exponent = Math.min(x.exponent, y.exponent)
  // An x far below y is its own remainder; no need to align y with it.
  if (y.exponent - x.exponent > 128) return { significand: x.significand, exponent: x.exponent, conditionCodes: 0 }
  const dividend = x.significand << BigInt(x.exponent - exponent)
  const divisor = y.significand << BigInt(y.exponent - exponent)
  let quotient = dividend / divisor
  let rest = dividend - quotient * divisor
  const order = 2n * rest - divisor
  if (rounding === 'nearest' && (order > 0n || (order === 0n && (quotient & 1n) === 1n))) {
    quotient += 1n
    rest -= divisor
  }
  return { significand: rest, exponent, conditionCodes: quotientCodes(Number(quotient & 7n)) }
}

function quotientCodes(low: number): number {
  return ((low & 4) !== 0 ? C0 : 0) | ((low & 2) !== 0 ? C3 : 0) | ((low & 1) !== 0 ? C1 : 0)
}

/**
 * One step of a long reduction. The manual lets it take 32 to 63 off the exponents' distance; here, as on the
 * CPUs seen, what is left of the distance is a multiple of 32. Source: SDM 2A, FPREM.
 */
function reducePartly(x: Exact, y: Exact, distance: number): Step {
  const taken = 32 + (distance % 32)
  const shift = distance - taken
  // The divisor moved up to `shift` below the dividend: both are integers at one exponent again.
  const raised: Exact = { negative: false, significand: y.significand, exponent: y.exponent + shift }
  const { significand, exponent } = reduce(x, raised, 'zero')
  return { significand, exponent, conditionCodes: C2 }
}
