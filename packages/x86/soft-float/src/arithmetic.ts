import { bitLength } from './bit-length.ts'
import type { Rounding } from './context.ts'
import type { Exact, UnpackedNumber } from './unpacked.ts'

/** What an operation on two numbers comes to before it is rounded: a value, or why there is none. */
export interface Outcome extends Exact {
  readonly kind: 'zero' | 'finite' | 'infinity' | 'zero-divide' | 'invalid'
}

const invalid: Outcome = { kind: 'invalid', negative: false, significand: 0n, exponent: 0 }

function special(kind: 'zero' | 'infinity' | 'zero-divide', negative: boolean): Outcome {
  return { kind, negative, significand: 0n, exponent: 0 }
}

/**
 * Operands so far apart that the smaller is only a hint of inexactness. Their significands have at most 64 bits, so
 * that a bit 136 places below the larger one's lowest is below all that any rounding looks at.
 */
const farApart = 200
const hint = 136

/** x + y. `rounding` gives an exact zero its sign. */
export function add(x: UnpackedNumber, y: UnpackedNumber, rounding: Rounding): Outcome {
  if (x.kind === 'infinity' || y.kind === 'infinity') {
    if (x.kind === y.kind && x.negative !== y.negative) return invalid
    return special('infinity', x.kind === 'infinity' ? x.negative : y.negative)
  }
  if (x.kind === 'zero' && y.kind === 'zero') {
    return special('zero', x.negative === y.negative ? x.negative : rounding === 'down')
  }
  if (x.kind === 'zero') return finite(y.negative, y.significand, y.exponent)
  if (y.kind === 'zero') return finite(x.negative, x.significand, x.exponent)
  return x.exponent >= y.exponent ? addAligned(x, y, rounding) : addAligned(y, x, rounding)
}

function addAligned(high: Exact, low: Exact, rounding: Rounding): Outcome {
  const isFar = high.exponent - low.exponent > farApart
  const exponent = isFar ? high.exponent - hint : low.exponent
  const first = high.significand << BigInt(high.exponent - exponent)
  const second = isFar ? 1n : low.significand
  if (high.negative === low.negative) return finite(high.negative, first + second, exponent)
  const difference = first - second
  if (difference === 0n) return special('zero', rounding === 'down')
  if (difference > 0n) return finite(high.negative, difference, exponent)
  return finite(low.negative, -difference, exponent)
}

function finite(negative: boolean, significand: bigint, exponent: number): Outcome {
  return { kind: 'finite', negative, significand, exponent }
}

/** x − y. */
export function subtract(x: UnpackedNumber, y: UnpackedNumber, rounding: Rounding): Outcome {
  return add(x, { ...y, negative: !y.negative }, rounding)
}

/** x × y. */
export function multiply(x: UnpackedNumber, y: UnpackedNumber): Outcome {
  const negative = x.negative !== y.negative
  if (x.kind === 'infinity' || y.kind === 'infinity') {
    return x.kind === 'zero' || y.kind === 'zero' ? invalid : special('infinity', negative)
  }
  if (x.kind === 'zero' || y.kind === 'zero') return special('zero', negative)
  return finite(negative, x.significand * y.significand, x.exponent + y.exponent)
}

/** Bits of a quotient or root that are computed before the rest becomes one sticky bit: two more than the widest needs. */
const enoughBits = 66

/** x ÷ y, exact or with its last bit sticky. */
export function divide(x: UnpackedNumber, y: UnpackedNumber): Outcome {
  const negative = x.negative !== y.negative
  if (x.kind === 'infinity') return y.kind === 'infinity' ? invalid : special('infinity', negative)
  if (y.kind === 'infinity') return special('zero', negative)
  if (y.kind === 'zero') return x.kind === 'zero' ? invalid : special('zero-divide', negative)
  if (x.kind === 'zero') return special('zero', negative)
  const shift = Math.max(0, enoughBits + bitLength(y.significand) - bitLength(x.significand))
  const dividend = x.significand << BigInt(shift)
  const quotient = dividend / y.significand
  const isExact = quotient * y.significand === dividend
  const sticky = isExact ? quotient << 1n : (quotient << 1n) | 1n
  return finite(negative, sticky, x.exponent - y.exponent - shift - 1)
}

/** √x, exact or with its last bit sticky. The root of −0 is −0. */
export function squareRoot(x: UnpackedNumber): Outcome {
  if (x.kind === 'zero') return special('zero', x.negative)
  if (x.negative) return invalid
  if (x.kind === 'infinity') return special('infinity', false)
  const wanted = Math.max(0, 2 * enoughBits - bitLength(x.significand))
  const shift = (x.exponent - wanted) % 2 === 0 ? wanted : wanted + 1
  const radicand = x.significand << BigInt(shift)
  const root = integerRoot(radicand)
  const sticky = root * root === radicand ? root << 1n : (root << 1n) | 1n
  return finite(false, sticky, (x.exponent - shift) / 2 - 1)
}

/** ⌊√n⌋ of an integer below 2^140, by Newton's iteration from the double's root, which is right in 50 bits. */
function integerRoot(n: bigint): bigint {
  const guess = BigInt(Math.ceil(Math.sqrt(Number(n))))
  let root = (guess + n / guess) >> 1n
  while (root * root > n) root -= 1n
  while ((root + 1n) * (root + 1n) <= n) root += 1n
  return root
}
