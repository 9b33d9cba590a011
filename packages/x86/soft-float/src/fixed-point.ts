import { bitLength } from './bit-length.ts'
import type { Exact } from './unpacked.ts'

/**
 * Fixed point with 192 bits of fraction: three times a float80's precision, so that what the series lose at the end
 * is far below the bit that decides how a result is rounded.
 */
export const fractionBits = 192n
export const one = 1n << fractionBits

/** π and ln 2, cut off. */
export const pi = 0x3_243f6a88_85a308d3_13198a2e_03707344_a4093822_299f31d0n
export const ln2 = 0xb17217f7_d1cf79ab_c9e3b398_03f2f6af_40f34326_7298b62dn

/** A magnitude in fixed point, cut off. It must be less than 2^800. */
export function toFixed(value: Exact): bigint {
  const shift = value.exponent + Number(fractionBits)
  if (shift >= 0) return value.significand << BigInt(shift)
  return -shift > bitLength(value.significand) ? 0n : value.significand >> BigInt(-shift)
}

/** A number of fixed point, with its sign, as a value. */
export function fromFixed(fixed: bigint): Exact {
  const negative = fixed < 0n
  return { negative, significand: negative ? -fixed : fixed, exponent: -Number(fractionBits) }
}

/** The product of two numbers in fixed point. */
export function times(a: bigint, b: bigint): bigint {
  return (a * b) >> fractionBits
}

/** value × factor, the factor in fixed point and positive: keeps the relative precision of however small a value. */
export function scaled(value: Exact, factor: bigint): Exact {
  return {
    negative: value.negative,
    significand: value.significand * factor,
    exponent: value.exponent - Number(fractionBits),
  }
}

/** |a| ÷ |b| with as many good bits as a fixed-point one. */
export function ratio(a: Exact, b: Exact): Exact {
  const shift = Math.max(0, Number(fractionBits) + bitLength(b.significand) - bitLength(a.significand))
  const significand = (a.significand << BigInt(shift)) / b.significand
  return { negative: false, significand, exponent: a.exponent - b.exponent - shift }
}

/**
 * A sum that came out as 1 for want of digits, moved to the side where the truth is: so directed rounding sees that a
 * result is not exact.
 */
function notOne(sum: bigint, side: 1n | -1n): bigint {
  return sum === one ? one + side : sum
}

/** 1 + t₁ + t₂ …, where each term is made from the one before it, until they vanish. */
function series(next: (term: bigint, k: bigint) => bigint): bigint {
  let sum = one
  let term = one
  for (let k = 1n; ; k++) {
    term = next(term, k)
    if (term === 0n) return sum
    sum += term
  }
}

/** sin r ÷ r, from r². */
export function sineFactor(square: bigint): bigint {
  return notOne(
    series((term, k) => -times(term, square) / (2n * k * (2n * k + 1n))),
    -1n,
  )
}

/** tan r ÷ r, from r². */
export function tangentFactor(square: bigint): bigint {
  return notOne((sineFactor(square) << fractionBits) / cosine(square), 1n)
}

/** cos r, from r². */
export function cosine(square: bigint): bigint {
  return notOne(
    series((term, k) => -times(term, square) / ((2n * k - 1n) * 2n * k)),
    -1n,
  )
}

/** (eʸ − 1) ÷ y, from y with its sign. */
export function exponentialFactor(y: bigint, negative: boolean): bigint {
  return notOne(
    series((term, k) => times(term, y) / (k + 1n)),
    negative ? -1n : 1n,
  )
}

/** artanh s ÷ s, from s². */
export function areaTangentFactor(square: bigint): bigint {
  return notOne(powerSeries(square), 1n)
}

/** arctan t ÷ t, from t². */
export function arcTangentFactor(square: bigint): bigint {
  return notOne(powerSeries(-square), -1n)
}

/** 1 + z/3 + z²/5 … */
function powerSeries(z: bigint): bigint {
  let sum = one
  let power = one
  for (let divisor = 3n; ; divisor += 2n) {
    power = times(power, z)
    const term = power / divisor
    if (term === 0n) return sum
    sum += term
  }
}
