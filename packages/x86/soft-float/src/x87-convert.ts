import { type BinaryFormat, pack, packSpecial, unpack } from './binary-format.ts'
import type { Rounding, X87Context } from './context.ts'
import { allMasked, DE, IE, PE } from './flags.ts'
import { type Float80, infinity80, pack80, quieted80, signedZero80, targets, unpack80 } from './float80.ts'
import { integerIndefinite, roundToInteger, unpackInteger } from './integer.ts'
import { roundAt, roundTo } from './rounding.ts'
import { isNan, type UnpackedNumber } from './unpacked.ts'
import { toMemory, toRegister, type X87Result, x87Deliver, x87Nan } from './x87-result.ts'

/** Widening rounds nothing, so any context serves. */
const exactly = { rounding: 'zero', masks: allMasked } as const

/**
 * A float32 or float64 of memory as an operand of FADD and its kin: widened without a flag. A signaling NaN stays one
 * and a denormal is remembered, so that the operation itself raises IE and DE.
 */
export function x87Widen(format: BinaryFormat, bits: bigint): Float80 {
  const x = unpack(format, bits)
  if (isNan(x)) {
    const significand = (1n << 63n) | (x.significand << BigInt(64 - format.precision))
    return { significand, signExponent: x.negative ? 0xffff : 0x7fff }
  }
  const widened = widenNumber(x)
  return x.denormal ? { ...widened, fromDenormal: true } : widened
}

function widenNumber(x: UnpackedNumber): Float80 {
  if (x.kind === 'zero') return signedZero80(x.negative)
  if (x.kind === 'infinity') return infinity80(x.negative)
  return pack80(targets[64], roundTo(targets[64], x, exactly))
}

/**
 * FLD m32fp and m64fp. DE tells of a denormal, and the value is pushed even where it is unmasked: SDM 1 §8.5.2 has TOP stay
 * then, but the CPU of `cases/x87.txt` pushes.
 */
export function x87Load(format: BinaryFormat, bits: bigint, context: X87Context): X87Result {
  const widened = x87Widen(format, bits)
  const kind = unpack80(widened).kind
  if (kind === 'signaling') return toRegister(quieted80(widened), IE, false, context.masks)
  const { fromDenormal, ...value } = widened
  return { value, flags: fromDenormal === true ? DE : 0, roundedUp: false, written: true }
}

/** FST m32fp and m64fp: rounded by rounding control alone. Denormals do not raise DE. */
export function x87Store(format: BinaryFormat, value: Float80, context: X87Context): X87Result<bigint> {
  const x = unpack80(value)
  const { masks } = context
  if (x.kind === 'unsupported') return toMemory(format.indefinite, IE, false, masks)
  if (isNan(x)) {
    const payload = BigInt.asUintN(format.precision - 1, x.significand >> BigInt(64 - format.precision))
    const bits = packSpecial(format, 'infinity', x.negative) | format.quietBit | payload
    return toMemory(bits, x.kind === 'signaling' ? IE : 0, false, masks)
  }
  if (x.kind !== 'finite') return toMemory(packSpecial(format, x.kind, x.negative), 0, false, masks)
  const rounded = roundTo(format, x, context)
  return toMemory(pack(format, rounded), rounded.flags, rounded.roundedUp, masks)
}

/** FILD, and the operand of FIADD and its kin: from a signed integer of at most 64 bits. Always exact. */
export function x87FromInteger(integer: bigint): Float80 {
  return widenNumber(unpackInteger(integer))
}

/**
 * FIST and FISTP, and with `rounding` 'zero' FISTTP. The value is a pattern of `width` bits; NaNs, infinities and what
 * does not fit give the integer indefinite and IE.
 */
export function x87ToInteger(
  value: Float80,
  width: 16 | 32 | 64,
  context: X87Context,
  rounding: Rounding = context.rounding,
): X87Result<bigint> {
  const rounded = roundToInteger(unpack80(value), width, rounding)
  if (rounded === undefined) return toMemory(integerIndefinite(width), IE, false, context.masks)
  return toMemory(BigInt.asUintN(width, rounded.integer), rounded.flags, rounded.roundedUp, context.masks)
}

/** FRNDINT. */
export function x87RoundToIntegral(value: Float80, context: X87Context): X87Result {
  const x = unpack80(value)
  if (isNan(x)) return x87Nan([value], [x], context.masks)
  if (x.kind !== 'finite' || x.exponent >= 0) return x87Deliver(x, false, context)
  const { significand, inexact, roundedUp } = roundAt(x, 0, context.rounding)
  const kind = significand === 0n ? 'zero' : 'finite'
  const integral = x87Deliver({ kind, negative: x.negative, significand, exponent: 0 }, x.denormal, context)
  return toRegister(integral.value, integral.flags | (inexact ? PE : 0), roundedUp, context.masks)
}
