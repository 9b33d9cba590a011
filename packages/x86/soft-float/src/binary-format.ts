import type { Rounded, Target } from './rounding.ts'
import type { Unpacked } from './unpacked.ts'

/** One of IEEE 754's interchange formats that SSE computes in or converts. Patterns are bigints of `width` bits. */
export interface BinaryFormat extends Target {
  readonly width: 16 | 32 | 64
  /** The pattern of −0. */
  readonly signBit: bigint
  /** The pattern of +∞. */
  readonly infinity: bigint
  /** The bit of the fraction that makes a NaN quiet. */
  readonly quietBit: bigint
  /** The QNaN floating-point indefinite. */
  readonly indefinite: bigint
}

function binaryFormat(width: 16 | 32 | 64, precision: number): BinaryFormat {
  const maxExponent = 2 ** (width - precision - 1) - 1
  const signBit = 1n << BigInt(width - 1)
  const quietBit = 1n << BigInt(precision - 2)
  const infinity = signBit - (1n << BigInt(precision - 1))
  const indefinite = signBit | infinity | quietBit
  return {
    width,
    precision,
    maxExponent,
    minExponent: 1 - maxExponent,
    wrap: 0,
    signBit,
    infinity,
    quietBit,
    indefinite,
  }
}

/** Half precision: a format of memory, which nothing computes in. */
export const binary16: BinaryFormat = /* @__PURE__ */ binaryFormat(16, 11)

/** Single precision. */
export const binary32: BinaryFormat = /* @__PURE__ */ binaryFormat(32, 24)

/** Double precision. */
export const binary64: BinaryFormat = /* @__PURE__ */ binaryFormat(64, 53)

/** Takes a pattern apart; bits above the format's width are ignored. */
export function unpack(format: BinaryFormat, bits: bigint, denormalsAreZero = false): Unpacked {
  const fractionBits = format.precision - 1
  const negative = (bits & format.signBit) !== 0n
  const fraction = BigInt.asUintN(fractionBits, bits)
  const biased = Number((bits & format.infinity) >> BigInt(fractionBits))
  const exponent = Math.max(biased, 1) - format.maxExponent - fractionBits
  if (biased === 2 * format.maxExponent + 1) {
    const kind = fraction === 0n ? 'infinity' : (fraction & format.quietBit) === 0n ? 'signaling' : 'quiet'
    if (kind !== 'infinity') return { kind, negative, significand: fraction }
    return { kind, negative, significand: fraction, exponent, denormal: false }
  }
  if (biased !== 0) {
    const significand = fraction | (1n << BigInt(fractionBits))
    return { kind: 'finite', negative, significand, exponent, denormal: false }
  }
  const isZero = fraction === 0n || denormalsAreZero
  return { kind: isZero ? 'zero' : 'finite', negative, significand: fraction, exponent, denormal: !isZero }
}

/** The pattern of a value that was rounded to this format. */
export function pack(format: BinaryFormat, rounded: Rounded): bigint {
  const sign = rounded.negative ? format.signBit : 0n
  if (rounded.kind === 'infinity') return sign | format.infinity
  const fractionBits = format.precision - 1
  const biased = rounded.exponent + fractionBits + format.maxExponent
  // The leading bit of a normal significand, and a carry out of it, count themselves into the exponent.
  return sign | ((BigInt(biased - 1) << BigInt(fractionBits)) + rounded.significand)
}

/** The pattern of a zero or an infinity. */
export function packSpecial(format: BinaryFormat, kind: 'zero' | 'infinity', negative: boolean): bigint {
  return (negative ? format.signBit : 0n) | (kind === 'infinity' ? format.infinity : 0n)
}
