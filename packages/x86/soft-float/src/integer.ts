import type { Rounding } from './context.ts'
import { PE } from './flags.ts'
import { roundAt } from './rounding.ts'
import { isNan, type Unpacked, type UnpackedNumber } from './unpacked.ts'

/** A value as a signed integer. */
export interface Integer {
  readonly integer: bigint
  readonly flags: number
  readonly roundedUp: boolean
}

/** Rounds to an integer of `width` signed bits; nothing if there is none. */
export function roundToInteger(x: Unpacked, width: number, rounding: Rounding): Integer | undefined {
  if (x.kind === 'zero') return { integer: 0n, flags: 0, roundedUp: false }
  if (isNan(x) || x.kind === 'infinity' || x.exponent > width) return undefined
  const { significand, inexact, roundedUp } = roundAt(x, 0, rounding)
  const integer = x.negative ? -significand : significand
  if (BigInt.asIntN(width, integer) !== integer) return undefined
  return { integer, flags: inexact ? PE : 0, roundedUp }
}

/** A signed integer as an operand. */
export function unpackInteger(integer: bigint): UnpackedNumber {
  const negative = integer < 0n
  const kind = integer === 0n ? 'zero' : 'finite'
  return { kind, negative, significand: negative ? -integer : integer, exponent: 0, denormal: false }
}

/** The integer indefinite: the most negative integer. */
export function integerIndefinite(width: number): bigint {
  return 1n << BigInt(width - 1)
}
