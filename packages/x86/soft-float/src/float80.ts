import type { Rounded, Target } from './rounding.ts'
import type { Unpacked } from './unpacked.ts'

/** A pattern of the double extended-precision format, as an x87 register or 10 bytes of memory hold it. */
export interface Float80 {
  /** 64 bits, with the integer bit as bit 63. */
  readonly significand: bigint
  /** 16 bits: the sign, then the biased exponent. */
  readonly signExponent: number
  /**
   * It was widened from a denormal of memory: no denormal any more, yet it raises DE as an operand. Results never
   * have it.
   */
  readonly fromDenormal?: boolean
}

/** Takes 80 bits, as they lie in memory, for a float80. */
export function float80(bits: bigint): Float80 {
  return { significand: BigInt.asUintN(64, bits), signExponent: Number(BigInt.asUintN(16, bits >> 64n)) }
}

/** The 80 bits of a float80. */
export function bitsOf80(value: Float80): bigint {
  return (BigInt(value.signExponent) << 64n) | value.significand
}

const bias = 16_383
const integerBit = 1n << 63n
const quietBit = 1n << 62n

/** What float80 results fit, with as many bits as precision control says. Source: SDM 1 §8.1.5.2, §8.5.4. */
export const targets: Readonly<Record<24 | 53 | 64, Target>> = {
  24: { precision: 24, minExponent: 1 - bias, maxExponent: bias, wrap: 24_576 },
  53: { precision: 53, minExponent: 1 - bias, maxExponent: bias, wrap: 24_576 },
  64: { precision: 64, minExponent: 1 - bias, maxExponent: bias, wrap: 24_576 },
}

/** The real indefinite: the QNaN that masked invalid operations give. */
export const indefinite80: Float80 = { significand: integerBit | quietBit, signExponent: 0xffff }

/** +0, +1, and infinities by sign. */
export const zero80: Float80 = { significand: 0n, signExponent: 0 }
export const one80: Float80 = { significand: integerBit, signExponent: bias }

/** A zero of some sign. */
export function signedZero80(negative: boolean): Float80 {
  return { significand: 0n, signExponent: negative ? 0x8000 : 0 }
}

/** An infinity of some sign. */
export function infinity80(negative: boolean): Float80 {
  return { significand: integerBit, signExponent: negative ? 0xffff : 0x7fff }
}

/**
 * Takes a pattern apart. Without the integer bit where there must be one (unnormals, pseudo-infinities, pseudo-NaNs)
 * it is unsupported; with it where there should be none (pseudo-denormals) it is a denormal by name and has the value
 * of a normal. Source: SDM 1 §8.2.2.
 */
export function unpack80(value: Float80): Unpacked {
  const { significand } = value
  const negative = (value.signExponent & 0x8000) !== 0
  const biased = value.signExponent & 0x7fff
  const exponent = Math.max(biased, 1) - bias - 63
  if (biased === 0) {
    const isZero = significand === 0n
    return { kind: isZero ? 'zero' : 'finite', negative, significand, exponent, denormal: !isZero }
  }
  if (significand < integerBit) return { kind: 'unsupported', negative, significand }
  if (biased === 0x7fff && significand !== integerBit) {
    return { kind: (significand & quietBit) === 0n ? 'signaling' : 'quiet', negative, significand }
  }
  const kind = biased === 0x7fff ? 'infinity' : 'finite'
  return { kind, negative, significand, exponent, denormal: value.fromDenormal === true }
}

/** The pattern of a value that was rounded to one of `targets`. */
export function pack80(target: Target, rounded: Rounded): Float80 {
  if (rounded.kind === 'infinity') return infinity80(rounded.negative)
  const sign = rounded.negative ? 0x8000 : 0
  const widened = rounded.significand << BigInt(64 - target.precision)
  const biased = rounded.exponent + target.precision - 1 + bias
  if (widened >> 64n !== 0n) return { significand: widened >> 1n, signExponent: sign | (biased + 1) }
  return { significand: widened, signExponent: widened < integerBit ? sign : sign | biased }
}

/** The same NaN, quiet. */
export function quieted80(nan: Float80): Float80 {
  return { significand: nan.significand | quietBit, signExponent: nan.signExponent }
}
