import { bitLength } from './bit-length.ts'
import type { X87Context } from './context.ts'
import { DE, ZE } from './flags.ts'
import { type Float80, infinity80, signedZero80, unpack80 } from './float80.ts'
import { roundAt } from './rounding.ts'
import { isNan, type UnpackedNumber } from './unpacked.ts'
import { x87FromInteger } from './x87-convert.ts'
import { toRegister, type X87Result, x87Deliver, x87Invalid, x87Nan } from './x87-result.ts'

/** Scales beyond this take any float80 out of all ranges, scaled responses included. */
const farthest = 0x1_0000

/** FSCALE: a × 2^⌊b⌋, b rounded toward zero. Precision control does not count. Source: SDM 2A table 3-30. */
export function x87Scale(a: Float80, b: Float80, context: X87Context): X87Result {
  const x = unpack80(a)
  const y = unpack80(b)
  if (isNan(x) || isNan(y)) return x87Nan([a, b], [x, y], context.masks)
  const denormal = x.denormal || y.denormal
  if (y.kind === 'infinity') return scaleByInfinity(x, y.negative, denormal, context)
  if (x.kind !== 'finite') return x87Deliver(x, denormal, context)
  return x87Deliver({ ...x, kind: 'finite', exponent: x.exponent + scaleOf(y) }, denormal, context)
}

function scaleByInfinity(x: UnpackedNumber, down: boolean, denormal: boolean, context: X87Context): X87Result {
  if (x.kind === (down ? 'infinity' : 'zero')) return x87Invalid(context.masks)
  return x87Deliver({ ...x, kind: down ? 'zero' : 'infinity' }, denormal, context)
}

function scaleOf(y: UnpackedNumber): number {
  if (y.kind === 'zero') return 0
  const magnitude = y.exponent > 0 ? farthest : Math.min(Number(roundAt(y, 0, 'zero').significand), farthest)
  return y.negative ? -magnitude : magnitude
}

/** FXTRACT's two results: `exponent` replaces the operand, `significand` is pushed. */
export interface X87Extracted {
  readonly exponent: Float80
  readonly significand: Float80
}

/** FXTRACT: the unbiased exponent as a number, and the significand with the operand's sign and an exponent of 0. */
export function x87Extract(value: Float80, context: X87Context): X87Result<X87Extracted> {
  const x = unpack80(value)
  if (isNan(x)) {
    const nan = x87Nan([value], [x], context.masks)
    return { ...nan, value: { exponent: nan.value, significand: nan.value } }
  }
  const flags = x.kind === 'zero' ? ZE : x.denormal ? DE : 0
  return toRegister(extract(x), flags, false, context.masks)
}

function extract(x: UnpackedNumber): X87Extracted {
  if (x.kind === 'zero') return { exponent: infinity80(true), significand: signedZero80(x.negative) }
  if (x.kind === 'infinity') return { exponent: infinity80(false), significand: infinity80(x.negative) }
  const length = bitLength(x.significand)
  const significand = x.significand << BigInt(64 - length)
  return {
    exponent: x87FromInteger(BigInt(x.exponent + length - 1)),
    significand: { significand, signExponent: x.negative ? 0xbfff : 0x3fff },
  }
}
