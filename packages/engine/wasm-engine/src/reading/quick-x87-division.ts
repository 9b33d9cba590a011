import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { integerBit, isNormal, long, word, type X87Quick } from './quick-float80.ts'
import { bias, deliver, exponentOf, onNormals, precisely, product, signOf } from './quick-x87-arithmetic.ts'

const lowHalf = 0xffff_ffffn

interface Divided {
  readonly quotient: Node
  readonly remainder: Node
}

/**
 * 128 by 64 bits, by halves: the divisor has its leading bit set and is greater than the upper half, so the quotient fits. The
 * first guess at a digit is too large by two at most. Source: Knuth, The Art of Computer Programming 2, §4.3.1, Algorithm D.
 */
function divided(code: Code, upper: Node, lower: Node, divisor: Node): Divided {
  const high = code.hold(long(code, 'shr_u', divisor, code.i64(32n)))
  const low = code.hold(long(code, 'and', divisor, code.i64(lowHalf)))
  const digit = (top: Node, next: Node): Divided => {
    const guess = code.local('i64')
    const rest = code.local('i64')
    guess.set(long(code, 'div_u', top, high))
    rest.set(long(code, 'sub', top, long(code, 'mul', guess.get(), high)))
    const joined = () => long(code, 'or', long(code, 'shl', rest.get(), code.i64(32n)), next)
    for (let again = 0; again < 2; again += 1) {
      const isTooLarge = word(
        code,
        'or',
        long(code, 'gt_u', guess.get(), code.i64(lowHalf)),
        long(code, 'gt_u', long(code, 'mul', guess.get(), low), joined()),
      )
      const fits = long(code, 'le_u', rest.get(), code.i64(lowHalf))
      code.if(word(code, 'and', fits, isTooLarge), () => {
        guess.set(long(code, 'sub', guess.get(), code.i64(1n)))
        rest.set(long(code, 'add', rest.get(), high))
      })
    }
    const quotient = code.hold(guess.get())
    const whole = long(code, 'or', long(code, 'shl', top, code.i64(32n)), next)
    return { quotient, remainder: code.hold(long(code, 'sub', whole, long(code, 'mul', quotient, divisor))) }
  }
  const first = digit(upper, code.hold(long(code, 'shr_u', lower, code.i64(32n))))
  const second = digit(first.remainder, code.hold(long(code, 'and', lower, code.i64(lowHalf))))
  const quotient = long(code, 'or', long(code, 'shl', first.quotient, code.i64(32n)), second.quotient)
  return { quotient: code.hold(quotient), remainder: second.remainder }
}

/** What is less than a unit, as rounding sees it: nothing, less than half, half, or more. */
function fraction(code: Code, isExact: Node, isHalf: Node, isMore: Node): Node {
  const below = code.select(isMore, code.i64(-1n), code.i64(1n))
  return code.hold(code.select(isExact, code.i64(0n), code.select(isHalf, code.i64(integerBit), below)))
}

/** A quotient of normals; `reversed` divides the operand by ST(0). */
const divide =
  (reversed: boolean): X87Quick =>
  (given) => {
    const { code, a } = given
    onNormals(given, (b) => {
      const [over, under] = reversed ? [b, a] : [a, b]
      const isLess = code.hold(long(code, 'lt_u', over.significand, under.significand))
      const halved = long(code, 'shr_u', over.significand, code.i64(1n))
      const upper = code.hold(code.select(isLess, over.significand, halved))
      const moved = long(code, 'shl', over.significand, code.i64(63n))
      const lower = code.hold(code.select(isLess, code.i64(0n), moved))
      const { quotient, remainder } = divided(code, upper, lower, under.significand)
      const missing = code.hold(long(code, 'sub', under.significand, remainder))
      const rest = fraction(
        code,
        long(code, 'eqz', remainder),
        long(code, 'eq', remainder, missing),
        long(code, 'gt_u', remainder, missing),
      )
      const difference = word(code, 'sub', exponentOf(code, over), exponentOf(code, under))
      const exponent = code.hold(word(code, 'sub', word(code, 'add', difference, code.i32(bias)), isLess))
      const sign = code.hold(word(code, 'xor', signOf(code, a), signOf(code, b)))
      deliver(given, sign, exponent, quotient, rest)
    })
  }

/** How a square lies to a number: the number less the square, 128 bits in two. */
function lessSquare(code: Code, upper: Node, lower: Node, root: Node): readonly [upper: Node, lower: Node] {
  const [top, bottom] = product(code, root, root)
  const borrow = code.op('i64.extend_i32_u', long(code, 'lt_u', lower, bottom))
  const difference = long(code, 'sub', long(code, 'sub', upper, top), borrow)
  return [code.hold(difference), code.hold(long(code, 'sub', lower, bottom))]
}

/**
 * The root of a positive normal: that of its upper half as a double, one step of Newton's method, which ends at the root rounded down or
 * one above it, and a look at the square.
 */
const squareRoot: X87Quick = (given) => {
  const { code, a } = given
  const isPlain = word(code, 'and', isNormal(code, a), word(code, 'eqz', signOf(code, a)))
  code.if(isPlain, () => {
    const isOdd = code.hold(word(code, 'eqz', word(code, 'and', a.signExponent, code.i32(1))))
    const upper = code.hold(code.select(isOdd, a.significand, long(code, 'shr_u', a.significand, code.i64(1n))))
    const lower = code.hold(code.select(isOdd, code.i64(0n), long(code, 'shl', a.significand, code.i64(63n))))
    const guess = code.hold(nearlyRoot(code, upper))
    code.if(long(code, 'gt_u', guess, upper), () => {
      const root = nearby(code, upper, lower, guess)
      const [above, below] = lessSquare(code, upper, lower, root)
      const nothing = code.i64(0n)
      const isExact = long(code, 'eqz', long(code, 'or', above, below))
      const isMore = word(code, 'or', long(code, 'ne', above, nothing), long(code, 'gt_u', below, root))
      const rest = fraction(code, isExact, code.i32(0), isMore)
      const sum = word(code, 'sub', word(code, 'add', exponentOf(code, a), code.i32(bias)), isOdd)
      deliver(given, code.i32(0), code.hold(word(code, 'shr_u', sum, code.i32(1))), root, rest)
    })
  })
}

/** 64 bits of root, 53 of them right, from a number's upper 62: its double's fraction. */
function nearlyRoot(code: Code, upper: Node): Node {
  const root = code.op('f64.sqrt', code.op('f64.convert_i64_s', long(code, 'shr_u', upper, code.i64(2n))))
  const fraction = long(code, 'shl', code.op('i64.reinterpret_f64', root), code.i64(11n))
  return long(code, 'or', fraction, code.i64(integerBit))
}

/** The root rounded down, from one that is nearly right: a step doubles the bits that are. */
function nearby(code: Code, upper: Node, lower: Node, guess: Node): Node {
  const { quotient } = divided(code, upper, lower, guess)
  const half = (node: Node) => long(code, 'shr_u', node, code.i64(1n))
  const odd = long(code, 'and', long(code, 'and', guess, quotient), code.i64(1n))
  const root = code.hold(long(code, 'add', long(code, 'add', half(guess), half(quotient)), odd))
  const [above] = lessSquare(code, upper, lower, root)
  const isTooLarge = long(code, 'lt_s', above, code.i64(0n))
  return code.hold(long(code, 'sub', root, code.op('i64.extend_i32_u', isTooLarge)))
}

/** Quick ways of quotients and roots. */
export const quickX87Division: Readonly<Record<string, X87Quick>> = {
  FDIV: precisely(divide(false)),
  FDIVR: precisely(divide(true)),
  FSQRT: precisely(squareRoot),
}
