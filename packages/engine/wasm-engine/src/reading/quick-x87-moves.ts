import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import {
  exponentMask,
  integerBit,
  isNormal,
  long,
  type Parts,
  PE,
  rounded,
  signBit,
  word,
  type X87Quick,
} from './quick-float80.ts'

interface Format {
  readonly width: 32 | 64
  readonly fraction: number
  readonly greatest: number
  /** What is added to an exponent to make it one of float80. */
  readonly bias: number
}

const formats: Readonly<Record<string, Format>> = {
  m32fp: { width: 32, fraction: 23, greatest: 0xff, bias: 16_383 - 127 },
  m64fp: { width: 64, fraction: 52, greatest: 0x7ff, bias: 16_383 - 1023 },
}
const widths: Readonly<Record<string, 16 | 32 | 64>> = { m16int: 16, m32int: 32, m64int: 64 }

/** Calls `use` with the operand as a float80, where it is a plain one: a register, a normal float, or an integer. */
export function widened(code: Code, bits: Parts, format: string, use: (value: Parts) => void): void {
  const float = formats[format]
  const width = widths[format]
  if (float !== undefined) return widenedFloat(code, bits.significand, float, use)
  if (width !== undefined) return widenedInteger(code, bits.significand, width, use)
  if (format === 'register') use(bits)
}

function widenedFloat(
  code: Code,
  bits: Node,
  { width, fraction, greatest, bias }: Format,
  use: (value: Parts) => void,
) {
  const shifted = code.op('i32.wrap_i64', long(code, 'shr_u', bits, code.i64(BigInt(fraction))))
  const exponent = code.hold(word(code, 'and', shifted, code.i32(greatest)))
  const isPlain = word(code, 'lt_u', word(code, 'sub', exponent, code.i32(1)), code.i32(greatest - 1))
  code.if(isPlain, () => {
    const sign = code.op('i32.wrap_i64', long(code, 'shr_u', bits, code.i64(BigInt(width - 16))))
    const signExponent = word(
      code,
      'or',
      word(code, 'and', sign, code.i32(signBit)),
      word(code, 'add', exponent, code.i32(bias)),
    )
    const significand = long(code, 'or', long(code, 'shl', bits, code.i64(BigInt(63 - fraction))), code.i64(integerBit))
    use({ significand: code.hold(significand), signExponent: code.hold(signExponent) })
  })
}

function widenedInteger(code: Code, bits: Node, width: 16 | 32 | 64, use: (value: Parts) => void): void {
  const up = code.i64(BigInt(64 - width))
  const value = code.hold(long(code, 'shr_s', long(code, 'shl', bits, up), up))
  code.if(code.op('i32.eqz', long(code, 'eqz', value)), () => {
    const isNegative = code.hold(long(code, 'lt_s', value, code.i64(0n)))
    const magnitude = code.hold(code.select(isNegative, long(code, 'sub', code.i64(0n), value), value))
    const zeros = code.hold(long(code, 'clz', magnitude))
    const exponent = word(code, 'sub', code.i32(16_383 + 63), code.op('i32.wrap_i64', zeros))
    const signExponent = word(code, 'or', exponent, word(code, 'shl', isNegative, code.i32(15)))
    use({ significand: code.hold(long(code, 'shl', magnitude, zeros)), signExponent: code.hold(signExponent) })
  })
}

/** Normal floats, and integers but zero. Nothing is rounded. */
const load: X87Quick = ({ code, b, format, done }) => widened(code, b, format, (value) => done(value))

/** Normals that stay normal: rounded to nearest. */
const storeFloat =
  (format: Format): X87Quick =>
  ({ code, a, done }) => {
    const { width, fraction, greatest, bias } = format
    const exponent = code.hold(
      word(code, 'sub', word(code, 'and', a.signExponent, code.i32(exponentMask)), code.i32(bias)),
    )
    // the greatest exponent but one might be rounded to infinity
    const fits = word(code, 'lt_u', word(code, 'sub', exponent, code.i32(1)), code.i32(greatest - 2))
    code.if(word(code, 'and', fits, isNormal(code, a)), () => {
      const dropped = BigInt(63 - fraction)
      const kept = code.hold(long(code, 'shr_u', a.significand, code.i64(dropped)))
      const rest = code.hold(long(code, 'shl', a.significand, code.i64(64n - dropped)))
      const result = rounded(code, kept, rest, 1n << BigInt(fraction))
      const sign = code.op('i64.extend_i32_u', word(code, 'and', a.signExponent, code.i32(signBit)))
      const power = code.op('i64.extend_i32_u', word(code, 'add', exponent, result.carry))
      const upper = long(
        code,
        'or',
        long(code, 'shl', sign, code.i64(BigInt(width - 16))),
        long(code, 'shl', power, code.i64(BigInt(fraction))),
      )
      const lower = long(code, 'and', result.significand, code.i64((1n << BigInt(fraction)) - 1n))
      done({ significand: long(code, 'or', upper, lower), signExponent: code.i32(0) }, result.status)
    })
  }

/** Normals from 1 up, and below half of what the integer can hold: none is too large once it is rounded. */
const storeInteger =
  (width: 16 | 32 | 64, how: 'nearest' | 'zero'): X87Quick =>
  ({ code, a, done }) => {
    const power = code.hold(
      word(code, 'sub', word(code, 'and', a.signExponent, code.i32(exponentMask)), code.i32(16_383)),
    )
    const fits = word(code, 'lt_u', power, code.i32(width - 2))
    code.if(word(code, 'and', fits, isNormal(code, a)), () => {
      const shift = code.hold(code.op('i64.extend_i32_u', word(code, 'sub', code.i32(63), power)))
      const kept = code.hold(long(code, 'shr_u', a.significand, shift))
      const rest = code.hold(long(code, 'shl', a.significand, long(code, 'sub', code.i64(64n), shift)))
      const inexact = code.select(long(code, 'eqz', rest), code.i32(0), code.i32(PE))
      const nearest = rounded(code, kept, rest, integerBit)
      const [magnitude, status] = how === 'zero' ? [kept, inexact] : [nearest.significand, nearest.status]
      const isNegative = word(code, 'and', a.signExponent, code.i32(signBit))
      const value = code.select(isNegative, long(code, 'sub', code.i64(0n), magnitude), magnitude)
      const mask = code.i64(BigInt.asUintN(64, (1n << BigInt(width)) - 1n))
      done({ significand: long(code, 'and', value, mask), signExponent: code.i32(0) }, status)
    })
  }

/** Quick ways of loads and stores. */
export const quickX87Moves: Readonly<Record<string, X87Quick>> = {
  FLD: load,
  FLD1: ({ code, done }) => done({ significand: code.i64(integerBit), signExponent: code.i32(16_383) }),
  FLDZ: ({ code, done }) => done({ significand: code.i64(0n), signExponent: code.i32(0) }),
  FST32: storeFloat(formats['m32fp']!),
  FST64: storeFloat(formats['m64fp']!),
  ...Object.fromEntries(
    ([16, 32, 64] as const).flatMap((width) => [
      [`FIST${width}`, storeInteger(width, 'nearest')],
      [`FISTTP${width}`, storeInteger(width, 'zero')],
    ]),
  ),
}
