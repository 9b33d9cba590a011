import type { PlainOp } from '@vmm/wasm-encoder'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import {
  type Arithmetic,
  double,
  type Format,
  FormatNodes,
  predicates,
  roundings,
  scalarOperations,
  single,
} from './float-format.ts'

/*
 * Scalar SSE arithmetic by WebAssembly's own, where both are sure to agree: MXCSR rounds to nearest and masks all, no
 * operand and no result is denormal, infinite or a NaN, and the result is exact or PE is set already. WebAssembly and
 * SSE round by IEEE 754 both, so that no flag changes and the result is the same.
 */

/** What a quick way has at hand: operands, whether PE is set, and where the result goes. */
export interface Quickly {
  readonly code: Code
  readonly a: readonly [low: Node, high: Node]
  readonly b: readonly [low: Node, high: Node]
  /** PE is set: inexact results change nothing. */
  readonly inexactIsNoted: Node
  readonly immediate: number
  readonly done: (low: Node, high?: Node) => void
}

/** The quick way of an operation: emits code that calls `done`, or does not where the case is not plain. */
export type Quick = (given: Quickly) => void

/** One format in a handler: nodes over operands that are held. */
class Scalar extends FormatNodes {
  bitsOf(low: Node): Node {
    return this.code.hold(this.laneOf(low))
  }

  floatOf(bits: Node): Node {
    return this.code.hold(this.floatOfBits(bits))
  }

  magnitude(bits: Node): Node {
    return this.integer('and', bits, this.constant((1n << BigInt(this.format.width - 1)) - 1n))
  }

  isZero(bits: Node): Node {
    return this.integer('eqz', this.magnitude(bits))
  }

  /** Greater than the smallest normal number and finite: no rounding came from below. */
  isNormal(bits: Node): Node {
    const least = this.format.smallestNormal + 1n
    const above = this.integer('sub', this.magnitude(bits), this.constant(least))
    return this.integer('lt_u', above, this.constant(this.format.infinity - least))
  }

  /** Zero, or normal and finite. */
  isOrdinary(bits: Node): Node {
    return this.or(this.isNormal(bits), this.isZero(bits))
  }

  and(a: Node, b: Node): Node {
    return this.code.op('i32.and', a, b)
  }

  or(a: Node, b: Node): Node {
    return this.code.op('i32.or', a, b)
  }

  wide(value: Node): Node {
    return this.code.op('f64.promote_f32', value)
  }

  /** Zero bits that end the significand, the implied one a stop. */
  trailing(bits: Node): Node {
    return this.integer('ctz', this.integer('or', bits, this.constant(this.format.smallestNormal)))
  }
}

/** Done if PE is set, else if `exact` says so. */
function unlessInexact(given: Quickly, exact: () => Node, done: () => void): void {
  given.code.if(given.inexactIsNoted, done, () => given.code.if(exact(), done))
}

/** Whether the rounded result of an operation is the true one. It may say no when it is. */
function isExact(s: Scalar, operation: Arithmetic, [a, b, result]: readonly [Node, Node, Node]): Node {
  if (operation === 'add' || operation === 'sub')
    return sumIsExact(s, a, operation === 'add' ? b : s.float('neg', b), result)
  const [one, other, product] = operation === 'mul' ? [a, b, result] : [result, b, a]
  return productIsExact(s, one, other, product)
}

/** Knuth's two-sum: what rounding took away is zero. */
function sumIsExact(s: Scalar, a: Node, b: Node, sum: Node): Node {
  const bRounded = s.code.hold(s.float('sub', sum, a))
  const fromA = s.float('sub', a, s.float('sub', sum, bRounded))
  const lost = s.float('add', fromA, s.float('sub', b, bRounded))
  return s.float('eq', lost, s.float('sub', a, a))
}

/** Singles multiply exactly in doubles; doubles do if their significands have no more bits than one of them holds. */
function productIsExact(s: Scalar, a: Node, b: Node, product: Node): Node {
  if (s.format === single) return s.code.op('f64.eq', s.code.op('f64.mul', s.wide(a), s.wide(b)), s.wide(product))
  const zeros = s.integer('add', s.trailing(s.bitsOfFloat(a)), s.trailing(s.bitsOfFloat(b)))
  const fits = s.integer('ge_u', zeros, s.constant(BigInt(s.format.precision)))
  return s.and(fits, s.float('eq', s.float('mul', a, b), product))
}

const arithmetic =
  (format: Format, operation: Arithmetic): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const [a, b] = [s.bitsOf(given.a[0]), s.bitsOf(given.b[0])]
    given.code.if(s.and(s.isOrdinary(a), s.isOrdinary(b)), () => {
      const [x, y] = [s.floatOf(a), s.floatOf(b)]
      const result = given.code.hold(s.float(operation, x, y))
      const bits = given.code.hold(s.bitsOfFloat(result))
      given.code.if(s.or(s.isNormal(bits), zeroIsTrue(s, operation, a, b, bits)), () =>
        unlessInexact(
          given,
          () => isExact(s, operation, [x, y, result]),
          () => given.done(s.lowHalf(bits)),
        ),
      )
    })
  }

/** Sums of ordinary numbers that are zero are so exactly; products and quotients if an operand was. */
function zeroIsTrue(s: Scalar, operation: Arithmetic, a: Node, b: Node, result: Node): Node {
  const zero = s.isZero(result)
  if (operation === 'add' || operation === 'sub') return zero
  return s.and(zero, operation === 'div' ? s.isZero(a) : s.or(s.isZero(a), s.isZero(b)))
}

const squareRoot =
  (format: Format): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const b = s.bitsOf(given.b[0])
    given.code.if(s.isOrdinary(b), () => {
      const x = s.floatOf(b)
      const root = given.code.hold(s.float('sqrt', x))
      const bits = given.code.hold(s.bitsOfFloat(root))
      given.code.if(s.isOrdinary(bits), () =>
        unlessInexact(
          given,
          () => productIsExact(s, root, root, x),
          () => given.done(s.lowHalf(bits)),
        ),
      )
    })
  }

/** MIN and MAX give the second operand when neither is less. SDM 2B, MINSD. */
const extreme =
  (format: Format, isBetter: 'lt' | 'gt'): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const [a, b] = [s.bitsOf(given.a[0]), s.bitsOf(given.b[0])]
    given.code.if(s.and(s.isOrdinary(a), s.isOrdinary(b)), () =>
      given.done(s.lowHalf(given.code.select(s.float(isBetter, s.floatOf(a), s.floatOf(b)), a, b))),
    )
  }

const compare =
  (format: Format): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const [a, b] = [s.bitsOf(given.a[0]), s.bitsOf(given.b[0])]
    given.code.if(s.and(s.isOrdinary(a), s.isOrdinary(b)), () => {
      const relation = predicates[given.immediate & 7]
      const unordered = given.code.i32((given.immediate & 4) >> 2)
      const holds = relation === undefined ? unordered : s.float(relation, s.floatOf(a), s.floatOf(b))
      const ones = given.code.op('i64.sub', given.code.i64(0n), given.code.op('i64.extend_i32_u', holds))
      given.done(format.width === 64 ? ones : given.code.op('i64.and', ones, given.code.i64(0xffff_ffffn)))
    })
  }

/** ZF for equal, CF for below. */
const order =
  (format: Format): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const [a, b] = [s.bitsOf(given.a[0]), s.bitsOf(given.b[0])]
    given.code.if(s.and(s.isOrdinary(a), s.isOrdinary(b)), () => {
      const [x, y] = [s.floatOf(a), s.floatOf(b)]
      const equal = given.code.select(s.float('eq', x, y), given.code.i32(0x40), given.code.i32(0))
      given.done(given.code.op('i64.extend_i32_u', s.or(equal, s.float('lt', x, y))))
    })
  }

/** From a signed integer; it is exact if its magnitude fits the significand. */
const fromInteger =
  (format: Format, width: 32 | 64): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const { code } = given
    const value = code.hold(width === 64 ? given.b[0] : code.op('i64.extend32_s', given.b[0]))
    const most = 1n << BigInt(format.precision)
    const exact = () => code.op('i64.le_u', code.op('i64.add', value, code.i64(most)), code.i64(2n * most))
    const result = code.hold(s.lowHalf(s.bitsOfFloat(s.op(`${format.float}.convert_i64_s`, value))))
    unlessInexact(given, exact, () => given.done(result))
  }

/** To a signed integer that holds it, rounded to nearest or cut off. */
const toInteger =
  (format: Format, width: 32 | 64, rounding: 'nearest' | 'trunc'): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const { code } = given
    const value = s.floatOf(s.bitsOf(given.b[0]))
    const rounded = code.hold(s.float(rounding, value))
    const limit = s.op(`${format.float}.convert_i64_s`, code.i64(1n << BigInt(width - 2)))
    code.if(s.float('lt', s.float('abs', rounded), s.float('add', limit, limit)), () => {
      const integer = code.op(`i${width}.trunc_sat_${format.float}_s` as PlainOp, rounded)
      const result = code.hold(width === 64 ? integer : code.op('i64.extend_i32_u', integer))
      unlessInexact(
        given,
        () => s.float('eq', rounded, value),
        () => given.done(result),
      )
    })
  }

const widen: Quick = (given) => {
  const s = new Scalar(given.code, single)
  const b = s.bitsOf(given.b[0])
  given.code.if(s.isOrdinary(b), () => given.done(given.code.op('i64.reinterpret_f64', s.wide(s.floatOf(b)))))
}

const narrow: Quick = (given) => {
  const [from, to] = [new Scalar(given.code, double), new Scalar(given.code, single)]
  const b = from.bitsOf(given.b[0])
  given.code.if(from.isOrdinary(b), () => {
    const value = from.floatOf(b)
    const result = given.code.hold(given.code.op('f32.demote_f64', value))
    const bits = given.code.hold(to.bitsOfFloat(result))
    given.code.if(to.or(to.isNormal(bits), from.isZero(b)), () =>
      unlessInexact(
        given,
        () => given.code.op('f64.eq', to.wide(result), value),
        () => given.done(to.lowHalf(bits)),
      ),
    )
  })
}

const round =
  (format: Format): Quick =>
  (given) => {
    const s = new Scalar(given.code, format)
    const b = s.bitsOf(given.b[0])
    given.code.if(s.isOrdinary(b), () => {
      const value = s.floatOf(b)
      const how = (given.immediate & 4) !== 0 ? 'nearest' : roundings[given.immediate & 3]!
      const result = given.code.hold(s.float(how, value))
      const done = () => given.done(s.lowHalf(s.bitsOfFloat(result)))
      if ((given.immediate & 8) !== 0) done()
      else unlessInexact(given, () => s.float('eq', result, value), done)
    })
  }

/** The scalar operations that have a quick way, by name. */
export const quickScalars = scalarOperations<Quick>({
  arithmetic,
  squareRoot,
  extreme,
  compare,
  order,
  round,
  fromInteger,
  toInteger,
  widen,
  narrow,
})
