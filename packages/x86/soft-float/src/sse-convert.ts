import { type BinaryFormat, binary16, binary32, pack, packSpecial, unpack } from './binary-format.ts'
import type { Rounding, SseContext } from './context.ts'
import { DE, IE, PE } from './flags.ts'
import { integerIndefinite, roundToInteger, unpackInteger } from './integer.ts'
import { roundAt, roundTo } from './rounding.ts'
import { type SseResult, sseDeliver, sseNan } from './sse-result.ts'
import { isNan } from './unpacked.ts'

/**
 * CVTSS2SI, CVTSD2SI, CVTPS2DQ, and with `rounding` 'zero' CVTTSS2SI and its kin. The value is a pattern of `width`
 * bits; NaNs, infinities and what does not fit give the integer indefinite and IE. Denormals do not raise DE.
 */
export function sseToInteger(
  format: BinaryFormat,
  bits: bigint,
  width: 32 | 64,
  context: SseContext,
  rounding: Rounding = context.rounding,
): SseResult {
  const rounded = roundToInteger(unpack(format, bits, context.denormalsAreZero), width, rounding)
  if (rounded === undefined) return { value: integerIndefinite(width), flags: IE }
  return { value: BigInt.asUintN(width, rounded.integer), flags: rounded.flags }
}

/** CVTSI2SS, CVTSI2SD, CVTDQ2PS, CVTPI2PS: from a signed integer, as a bigint with its sign. */
export function sseFromInteger(format: BinaryFormat, integer: bigint, context: SseContext): SseResult {
  return sseDeliver(format, unpackInteger(integer), false, context)
}

/** CVTSS2SD, CVTSD2SS. A NaN keeps the high bits of its payload. */
export function sseConvert(from: BinaryFormat, to: BinaryFormat, bits: bigint, context: SseContext): SseResult {
  const x = unpack(from, bits, context.denormalsAreZero)
  if (!isNan(x)) return sseDeliver(to, x, x.denormal, context)
  const shift = BigInt(to.precision - from.precision)
  const payload = shift >= 0n ? x.significand << shift : x.significand >> -shift
  const value = packSpecial(to, 'infinity', x.negative) | to.quietBit | payload
  return { value, flags: x.kind === 'signaling' ? IE : 0 }
}

/** VCVTPH2PS: exact. Denormals are numbers whatever DAZ says, and raise nothing. Source: SDM 2C, VCVTPH2PS. */
export function sseFromHalf(bits: bigint, context: SseContext): SseResult {
  const { value, flags } = sseConvert(binary16, binary32, bits, { ...context, denormalsAreZero: false })
  return { value, flags: flags & ~DE }
}

/** VCVTPS2PH by a rounding of its own. FTZ does not matter. Source: SDM 2C, VCVTPS2PH. */
export function sseToHalf(bits: bigint, rounding: Rounding, context: SseContext): SseResult {
  return sseConvert(binary32, binary16, bits, { ...context, rounding, flushToZero: false })
}

/** ROUNDSS, ROUNDSD by imm8[3:0]: how to round, in MXCSR's way (bit 2), and silently (bit 3). Source: SDM 2B, ROUNDPD. */
export function sseRoundToIntegral(
  format: BinaryFormat,
  bits: bigint,
  rounding: Rounding,
  precision: 'report' | 'suppress',
  context: SseContext,
): SseResult {
  const x = unpack(format, bits, context.denormalsAreZero)
  if (isNan(x)) return sseNan(format, [bits], [x])
  if (x.kind !== 'finite') return { value: packSpecial(format, x.kind, x.negative), flags: 0 }
  if (x.exponent >= 0) return { value: BigInt.asUintN(format.width, bits), flags: 0 }
  const { significand, inexact } = roundAt(x, 0, rounding)
  const flags = inexact && precision === 'report' ? PE : 0
  if (significand === 0n) return { value: packSpecial(format, 'zero', x.negative), flags }
  const exact = { negative: x.negative, significand, exponent: 0 }
  return { value: pack(format, roundTo(format, exact, context)), flags }
}
