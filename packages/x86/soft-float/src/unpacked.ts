import { bitLength } from './bit-length.ts'

/** Some finite value that is not zero: ±significand × 2^exponent, with any positive significand. */
export interface Exact {
  readonly negative: boolean
  readonly significand: bigint
  readonly exponent: number
}

/** A pattern taken apart that is a number. Significand and exponent mean something where it is `finite`. */
export interface UnpackedNumber extends Exact {
  readonly kind: 'zero' | 'finite' | 'infinity'
  /** It is a denormal, or was one in memory, and so raises DE. */
  readonly denormal: boolean
}

/** A pattern taken apart that is no number; `significand` is the payload. Only float80 has unsupported patterns. */
export interface UnpackedNan {
  readonly kind: 'quiet' | 'signaling' | 'unsupported'
  readonly negative: boolean
  readonly significand: bigint
}

/** A bit pattern taken apart. */
export type Unpacked = UnpackedNumber | UnpackedNan

/** How two values compare. */
export type Relation = 'less' | 'equal' | 'greater' | 'unordered'

/** Which NaNs raise IE when operands are compared: with `quiet` the signaling ones alone, with `signaling` all. */
export type NanPolicy = 'quiet' | 'signaling'

/** An operand without a value: everything that the rules of NaNs deal with. */
export function isNan(operand: Unpacked): operand is UnpackedNan {
  return operand.kind === 'quiet' || operand.kind === 'signaling' || operand.kind === 'unsupported'
}

/** Compares two operands of any formats. */
export function relationOf(x: Unpacked, y: Unpacked): Relation {
  if (isNan(x) || isNan(y)) return 'unordered'
  const xSign = signOf(x)
  const ySign = signOf(y)
  const order = xSign === ySign ? xSign * magnitudeOrder(x, y) : xSign - ySign
  return order < 0 ? 'less' : order > 0 ? 'greater' : 'equal'
}

function signOf(x: UnpackedNumber): number {
  if (x.kind === 'zero') return 0
  return x.negative ? -1 : 1
}

function magnitudeOrder(x: UnpackedNumber, y: UnpackedNumber): number {
  if (x.kind !== 'finite' || y.kind !== 'finite') return Number(x.kind === 'infinity') - Number(y.kind === 'infinity')
  const tops = x.exponent + bitLength(x.significand) - y.exponent - bitLength(y.significand)
  if (tops !== 0) return tops
  const shift = x.exponent - y.exponent
  const difference =
    shift >= 0 ? (x.significand << BigInt(shift)) - y.significand : x.significand - (y.significand << BigInt(-shift))
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
