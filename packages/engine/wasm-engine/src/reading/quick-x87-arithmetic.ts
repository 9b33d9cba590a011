import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import {
  C0,
  C3,
  exponentMask,
  integerBit,
  isNormal,
  long,
  type Parts,
  rounded,
  signBit,
  word,
  type X87Quick,
  type X87Quickly,
} from './quick-float80.ts'
import { widened } from './quick-x87-moves.ts'

const precisionControl = 0x300
export const bias = 16_383

/** Runs `use` on two normals. */
export function onNormals({ code, a, b, format }: X87Quickly, use: (b: Parts) => void): void {
  widened(code, b, format, (wide) => {
    const both = word(code, 'and', isNormal(code, a), isNormal(code, wide))
    code.if(both, () => use(wide))
  })
}

export const exponentOf = (code: Code, { signExponent }: Parts): Node =>
  word(code, 'and', signExponent, code.i32(exponentMask))

export const signOf = (code: Code, { signExponent }: Parts): Node => word(code, 'and', signExponent, code.i32(signBit))

/** Whether the magnitude of `a` is less than that of `b`. */
function isSmaller(code: Code, a: Parts, b: Parts): Node {
  const [x, y] = [code.hold(exponentOf(code, a)), code.hold(exponentOf(code, b))]
  const less = word(code, 'lt_u', x, y)
  const inFraction = word(code, 'and', word(code, 'eq', x, y), long(code, 'lt_u', a.significand, b.significand))
  return word(code, 'or', less, inFraction)
}

const compare: X87Quick = (given) => {
  const { code, a, done } = given
  onNormals(given, (b) => {
    const isSame = word(
      code,
      'and',
      word(code, 'eq', a.signExponent, b.signExponent),
      long(code, 'eq', a.significand, b.significand),
    )
    const negative = code.hold(signOf(code, a))
    const sameSigns = word(code, 'eq', negative, signOf(code, b))
    const withinSign = code.select(negative, isSmaller(code, b, a), isSmaller(code, a, b))
    const isLess = code.select(sameSigns, withinSign, word(code, 'ne', negative, code.i32(0)))
    done(a, code.select(isSame, code.i32(C3), code.select(isLess, code.i32(C0), code.i32(0))))
  })
}

/** The sum of 128 bits with its leading bit set, rounded; where its exponent is in range. */
export function deliver({ code, done }: X87Quickly, sign: Node, exponent: Node, upper: Node, lower: Node): void {
  const { significand, carry, status } = rounded(code, upper, lower, integerBit)
  const power = code.hold(word(code, 'add', exponent, carry))
  const inRange = word(code, 'lt_u', word(code, 'sub', power, code.i32(1)), code.i32(exponentMask - 1))
  code.if(inRange, () => done({ significand, signExponent: word(code, 'or', sign, power) }, status))
}

/** Only with all of the precision. */
export const precisely =
  (quick: X87Quick): X87Quick =>
  (given) => {
    const { code, fcw } = given
    const control = word(code, 'and', fcw, code.i32(precisionControl))
    code.if(word(code, 'eq', control, code.i32(precisionControl)), () => quick(given))
  }

/** 64 by 64 bits, from four products of halves. */
export function product(code: Code, x: Node, y: Node): [upper: Node, lower: Node] {
  const half = (node: Node, which: 0 | 1) =>
    code.hold(which === 0 ? long(code, 'and', node, code.i64(0xffff_ffffn)) : long(code, 'shr_u', node, code.i64(32n)))
  const [x0, x1, y0, y1] = [half(x, 0), half(x, 1), half(y, 0), half(y, 1)]
  const low = code.hold(long(code, 'mul', x0, y0))
  const first = code.hold(long(code, 'add', long(code, 'mul', x1, y0), half(low, 1)))
  const second = code.hold(long(code, 'add', long(code, 'mul', x0, y1), half(first, 0)))
  const upper = long(code, 'add', long(code, 'mul', x1, y1), long(code, 'add', half(first, 1), half(second, 1)))
  const lower = long(code, 'or', long(code, 'shl', second, code.i64(32n)), half(low, 0))
  return [code.hold(upper), code.hold(lower)]
}

const multiply: X87Quick = (given) => {
  const { code, a } = given
  onNormals(given, (b) => {
    const [upper, lower] = product(code, a.significand, b.significand)
    const isShort = code.hold(long(code, 'ge_s', upper, code.i64(0n)))
    const by = code.hold(code.op('i64.extend_i32_u', isShort))
    const moved = long(code, 'and', long(code, 'shr_u', lower, code.i64(63n)), by)
    const significand = code.hold(long(code, 'or', long(code, 'shl', upper, by), moved))
    const rest = code.hold(long(code, 'shl', lower, by))
    const sum = word(code, 'add', exponentOf(code, a), exponentOf(code, b))
    const exponent = word(code, 'sub', word(code, 'sub', sum, code.i32(bias - 1)), isShort)
    const sign = code.hold(word(code, 'xor', signOf(code, a), signOf(code, b)))
    deliver(given, sign, code.hold(exponent), significand, rest)
  })
}

interface Aligned {
  readonly sign: Node
  readonly exponent: Node
  readonly large: Node
  /** The smaller magnitude at the place of the larger: what is in its 64 bits, and what is below. */
  readonly small: readonly [upper: Node, lower: Node]
}

/** Magnitudes are added; a carry out of 64 bits makes the exponent grow. */
function addMagnitudes(given: X87Quickly, { sign, exponent, large, small }: Aligned): void {
  const { code } = given
  const [upper, lower] = small
  const sum = code.hold(long(code, 'add', large, upper))
  const carry = code.hold(long(code, 'lt_u', sum, large))
  const sticky = long(code, 'and', lower, code.i64(1n))
  const pushed = long(
    code,
    'or',
    long(code, 'or', long(code, 'shr_u', lower, code.i64(1n)), sticky),
    long(code, 'shl', sum, code.i64(63n)),
  )
  const halved = long(code, 'or', long(code, 'shr_u', sum, code.i64(1n)), code.i64(integerBit))
  const significand = code.hold(code.select(carry, halved, sum))
  const rest = code.hold(code.select(carry, pushed, lower))
  deliver(given, sign, code.hold(word(code, 'add', exponent, carry)), significand, rest)
}

/** The smaller magnitude is taken from the larger; what is left moves up. Nothing left in 64 bits is not plain. */
function subtractMagnitudes(given: X87Quickly, { sign, exponent, large, small }: Aligned): void {
  const { code } = given
  const [upper, lower] = small
  const borrow = code.op('i64.extend_i32_u', word(code, 'eqz', long(code, 'eqz', lower)))
  const left = code.hold(long(code, 'sub', long(code, 'sub', large, upper), borrow))
  const below = code.hold(long(code, 'sub', code.i64(0n), lower))
  const isNothing = word(code, 'and', long(code, 'eqz', left), long(code, 'eqz', lower))
  code.rarely(isNothing, () => given.done({ significand: code.i64(0n), signExponent: code.i32(0) }))
  code.if(word(code, 'eqz', long(code, 'eqz', left)), () => {
    const zeros = code.hold(long(code, 'clz', left))
    // a shift by 64 less 0 in two steps, for shifts count modulo 64
    const down = long(code, 'sub', code.i64(63n), zeros)
    const moved = long(code, 'shr_u', long(code, 'shr_u', below, code.i64(1n)), down)
    const significand = code.hold(long(code, 'or', long(code, 'shl', left, zeros), moved))
    const rest = code.hold(long(code, 'shl', below, zeros))
    const power = code.hold(word(code, 'sub', exponent, code.op('i32.wrap_i64', zeros)))
    deliver(given, sign, power, significand, rest)
  })
}

/** The sum, with signs turned as asked. Magnitudes further apart than 63 places are not plain. */
const add =
  (turned?: 'a' | 'b'): X87Quick =>
  (given) => {
    const { code, a } = given
    onNormals(given, (b) => {
      const turn = (which: 'a' | 'b') => code.i32(which === turned ? signBit : 0)
      const swapped = code.hold(isSmaller(code, a, b))
      const pick = (x: Node, y: Node) => code.hold(code.select(swapped, y, x))
      const signs = [
        word(code, 'xor', signOf(code, a), turn('a')),
        word(code, 'xor', signOf(code, b), turn('b')),
      ] as const
      const [sign, otherSign] = [pick(signs[0], signs[1]), pick(signs[1], signs[0])]
      const exponent = pick(exponentOf(code, a), exponentOf(code, b))
      const distance = code.hold(word(code, 'sub', exponent, pick(exponentOf(code, b), exponentOf(code, a))))
      code.if(word(code, 'lt_u', distance, code.i32(64)), () => {
        const [large, small] = [pick(a.significand, b.significand), pick(b.significand, a.significand)]
        const by = code.hold(code.op('i64.extend_i32_u', distance))
        const upper = code.hold(long(code, 'shr_u', small, by))
        const down = long(code, 'sub', code.i64(63n), by)
        const lower = code.hold(long(code, 'shl', long(code, 'shl', small, down), code.i64(1n)))
        const aligned: Aligned = { sign, exponent, large, small: [upper, lower] }
        code.if(
          word(code, 'eq', sign, otherSign),
          () => addMagnitudes(given, aligned),
          () => subtractMagnitudes(given, aligned),
        )
      })
    })
  }

/** Quick ways of comparisons, sums and products. */
export const quickX87Arithmetic: Readonly<Record<string, X87Quick>> = {
  FCOM: compare,
  FUCOM: compare,
  FADD: precisely(add()),
  FSUB: precisely(add('b')),
  FSUBR: precisely(add('a')),
  FMUL: precisely(multiply),
}
