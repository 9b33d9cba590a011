import type { X87Context } from './context.ts'
import { IE } from './flags.ts'
import { type Float80, signedZero80, unpack80 } from './float80.ts'
import { roundToInteger } from './integer.ts'
import { x87FromInteger } from './x87-convert.ts'
import { toMemory, type X87Result } from './x87-result.ts'

const digits = 18n
const signBit = 1n << 79n

/** The packed BCD indefinite. Source: SDM 1 table 4-4. */
const indefinite = 0xffff_c000_0000_0000_0000n

/**
 * FBLD: from 80 bits of packed BCD, of which bits 78:72 are ignored. Digits above 9 are undefined by the manual; here
 * they count as 10 to 15.
 */
export function x87FromBcd(bcd: bigint): Float80 {
  let magnitude = 0n
  for (let i = digits - 1n; i >= 0n; i--) magnitude = magnitude * 10n + ((bcd >> (4n * i)) & 15n)
  const negative = (bcd & signBit) !== 0n
  if (magnitude === 0n) return signedZero80(negative)
  return x87FromInteger(negative ? -magnitude : magnitude)
}

/** FBSTP: to 80 bits of packed BCD, rounded to an integer. More than 18 digits give the indefinite and IE. */
export function x87ToBcd(value: Float80, context: X87Context): X87Result<bigint> {
  const x = unpack80(value)
  const rounded = roundToInteger(x, 64, context.rounding)
  const magnitude = rounded === undefined ? undefined : abs(rounded.integer)
  if (rounded === undefined || magnitude === undefined || magnitude >= 10n ** digits) {
    return toMemory(indefinite, IE, false, context.masks)
  }
  let bcd = x.negative ? signBit : 0n
  for (let i = 0n, rest = magnitude; rest > 0n; i++, rest /= 10n) bcd |= (rest % 10n) << (4n * i)
  return toMemory(bcd, rounded.flags, rounded.roundedUp, context.masks)
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value
}
