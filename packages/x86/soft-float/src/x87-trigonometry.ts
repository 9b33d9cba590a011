import type { Outcome } from './arithmetic.ts'
import { bitLength } from './bit-length.ts'
import type { X87Context } from './context.ts'
import {
  cosine,
  fractionBits,
  fromFixed,
  one,
  ratio,
  scaled,
  sineFactor,
  tangentFactor,
  times,
  toFixed,
} from './fixed-point.ts'
import { type Float80, one80, unpack80 } from './float80.ts'
import { type Exact, isNan, type UnpackedNumber } from './unpacked.ts'
import { C2 } from './x87-compare.ts'
import { toRegister, type X87Result, x87Deliver, x87Invalid, x87Nan } from './x87-result.ts'

/** A function of an angle. Where C2 is set the operand was out of range and comes back unchanged: nothing is pushed. */
export interface X87Angle<Value = Float80> extends X87Result<Value> {
  readonly conditionCodes: number
}

/** FSINCOS's two results: the sine replaces the operand, the cosine is pushed. */
export interface SineAndCosine {
  readonly sine: Float80
  readonly cosine: Float80
}

/** FPTAN's two results: the tangent replaces the operand, `pushed` is 1.0, or the tangent again where it is a NaN. */
export interface TangentAndOne {
  readonly tangent: Float80
  readonly pushed: Float80
}

/** FSIN. */
export function x87Sine(a: Float80, context: X87Context): X87Angle {
  return ofAngle(a, (x) => (x.kind === 'zero' ? x : sineOf(reduce(x))), context)
}

/** FCOS. */
export function x87Cosine(a: Float80, context: X87Context): X87Angle {
  return ofAngle(a, (x) => (x.kind === 'zero' ? unit : cosineOf(reduce(x))), context)
}

/** FPTAN. */
export function x87Tangent(a: Float80, context: X87Context): X87Angle<TangentAndOne> {
  const tangent = ofAngle(a, (x) => (x.kind === 'zero' ? x : tangentOf(reduce(x))), context)
  const pushed = isNan(unpack80(tangent.value)) ? tangent.value : one80
  return { ...tangent, value: { tangent: tangent.value, pushed } }
}

/** FSINCOS. Its flags are those of both results, C1 is the sine's. */
export function x87SineAndCosine(a: Float80, context: X87Context): X87Angle<SineAndCosine> {
  const sine = x87Sine(a, context)
  const cosine = x87Cosine(a, context)
  const value = { sine: sine.value, cosine: cosine.value }
  return {
    ...toRegister(value, sine.flags | cosine.flags, sine.roundedUp, context.masks),
    conditionCodes: sine.conditionCodes,
  }
}

function ofAngle(a: Float80, outcomeOf: (x: UnpackedNumber) => Outcome, context: X87Context): X87Angle {
  const x = unpack80(a)
  if (isNan(x)) return { ...x87Nan([a], [x], context.masks), conditionCodes: 0 }
  if (x.kind === 'infinity') return { ...x87Invalid(context.masks), conditionCodes: 0 }
  if (x.kind === 'finite' && x.exponent + bitLength(x.significand) > 63) {
    return { value: a, flags: 0, roundedUp: false, written: true, conditionCodes: C2 }
  }
  return { ...x87Deliver(outcomeOf(x), x.denormal, context), conditionCodes: 0 }
}

const unit: Outcome = { kind: 'finite', ...fromFixed(one) }

/**
 * π/2 as the x87 knows it, from a π of 66 bits: 0.C90FDAA22168C234CH × 2². It is part of the instructions' results for
 * large angles. Source: SDM 1 §8.3.8.
 */
const halfPi = { significand: 0xc90f_daa2_2168_c234_cn, exponent: -67 }

/** An angle: |x| = quarter × π/2 + rest, −π/4 ≤ rest ≤ π/4, with the sign of x. The rest is never 0. */
interface Angle {
  readonly negative: boolean
  readonly quarter: number
  readonly rest: Exact
}

function reduce(x: Exact): Angle {
  const { negative } = x
  if (x.exponent + bitLength(x.significand) < 0) return { negative, quarter: 0, rest: { ...x, negative: false } }
  const magnitude = x.significand << BigInt(x.exponent - halfPi.exponent)
  const quarters = (2n * magnitude + halfPi.significand) / (2n * halfPi.significand)
  const rest = magnitude - quarters * halfPi.significand
  const significand = rest < 0n ? -rest : rest
  const quarter = Number(quarters & 3n)
  return { negative, quarter, rest: { negative: rest < 0n, significand, exponent: halfPi.exponent } }
}

function sineOf({ negative, quarter, rest }: Angle): Outcome {
  const value = quarter % 2 === 0 ? sineOfRest(rest) : cosineOfRest(rest)
  return signed(value, quarter >= 2 !== negative)
}

function cosineOf({ quarter, rest }: Angle): Outcome {
  const value = quarter % 2 === 0 ? cosineOfRest(rest) : sineOfRest(rest)
  return signed(value, quarter === 1 || quarter === 2)
}

function tangentOf({ negative, quarter, rest }: Angle): Outcome {
  const tangent = scaled(rest, tangentFactor(squareOf(rest)))
  if (quarter % 2 === 0) return signed(tangent, negative)
  return signed({ ...ratio(fromFixed(one), tangent), negative: rest.negative }, !negative)
}

function signed(value: Exact, flip: boolean): Outcome {
  return { kind: 'finite', significand: value.significand, exponent: value.exponent, negative: value.negative !== flip }
}

function squareOf(rest: Exact): bigint {
  const fixed = toFixed(rest)
  return times(fixed, fixed)
}

function sineOfRest(rest: Exact): Exact {
  return scaled(rest, sineFactor(squareOf(rest)))
}

function cosineOfRest(rest: Exact): Exact {
  return { negative: false, significand: cosine(squareOf(rest)), exponent: -Number(fractionBits) }
}
