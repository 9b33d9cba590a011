import type { Node } from '../emit/node.ts'
import { double, type Format, predicates, single, VectorNodes } from './float-format.ts'
import type { Quick, Quickly } from './quick-scalars.ts'

/*
 * Packed SSE arithmetic by WebAssembly's own, on the conditions of `quick-scalars.ts`, for every lane at once. What could
 * be inexact is quick only while PE is set.
 */

/** One format in a handler: nodes over vectors that are held. */
class Packed extends VectorNodes {
  held(halves: readonly [Node, Node]): Node {
    return this.code.hold(this.joined(halves))
  }

  magnitude(vector: Node): Node {
    return this.code.op('v128.and', vector, this.splat((1n << BigInt(this.format.width - 1)) - 1n))
  }

  isZero(vector: Node): Node {
    return this.integer('eq', this.magnitude(vector), this.splat(0n))
  }

  isNormal(vector: Node): Node {
    const magnitude = this.magnitude(vector)
    const least = this.splat(this.format.smallestNormal + 1n)
    return this.code.op(
      'v128.and',
      this.integer('ge_s', magnitude, least),
      this.integer('lt_s', magnitude, this.splat(this.format.infinity)),
    )
  }

  isOrdinary(vector: Node): Node {
    return this.code.op('v128.or', this.isNormal(vector), this.isZero(vector))
  }

  /** All lanes of all of these. */
  every(...conditions: Node[]): Node {
    return this.integer(
      'all_true',
      conditions.reduce((both, one) => this.code.op('v128.and', both, one)),
    )
  }

  give(given: Quickly, vector: Node): void {
    const result = this.code.hold(vector)
    given.done(this.code.lane('i64x2.extract_lane', 0, result), this.code.lane('i64x2.extract_lane', 1, result))
  }
}

type Four = 'add' | 'sub' | 'mul' | 'div'

const arithmetic =
  (format: Format, operation: Four): Quick =>
  (given) => {
    const p = new Packed(given.code, format)
    given.code.if(given.inexactIsNoted, () => {
      const [a, b] = [p.held(given.a), p.held(given.b)]
      const result = given.code.hold(p.float(operation, a, b))
      const good = given.code.op('v128.or', p.isNormal(result), zeroIsTrue(p, operation, a, b, result))
      given.code.if(p.every(p.isOrdinary(a), p.isOrdinary(b), good), () => p.give(given, result))
    })
  }

function zeroIsTrue(p: Packed, operation: Four, a: Node, b: Node, result: Node): Node {
  const zero = p.isZero(result)
  if (operation === 'add' || operation === 'sub') return zero
  const from = operation === 'div' ? p.isZero(a) : p.code.op('v128.or', p.isZero(a), p.isZero(b))
  return p.code.op('v128.and', zero, from)
}

const squareRoot =
  (format: Format): Quick =>
  (given) => {
    const p = new Packed(given.code, format)
    given.code.if(given.inexactIsNoted, () => {
      const b = p.held(given.b)
      const result = given.code.hold(p.float('sqrt', b))
      given.code.if(p.every(p.isOrdinary(b), p.isOrdinary(result)), () => p.give(given, result))
    })
  }

/** What never rounds: extremes and comparisons of ordered numbers. */
const exact =
  (format: Format, result: (p: Packed, a: Node, b: Node, immediate: number) => Node): Quick =>
  (given) => {
    const p = new Packed(given.code, format)
    const [a, b] = [p.held(given.a), p.held(given.b)]
    given.code.if(p.every(p.isOrdinary(a), p.isOrdinary(b)), () => p.give(given, result(p, a, b, given.immediate)))
  }

function compared(p: Packed, a: Node, b: Node, immediate: number): Node {
  const relation = predicates[immediate & 7]
  if (relation !== undefined) return p.float(relation, a, b)
  return p.splat((immediate & 4) !== 0 ? -1n : 0n)
}

/** Integers to singles. */
const fromIntegers: Quick = (given) => {
  const p = new Packed(given.code, single)
  given.code.if(given.inexactIsNoted, () => p.give(given, given.code.op('f32x4.convert_i32x4_s', p.held(given.b))))
}

/** Singles to integers that hold them. */
const toIntegers =
  (rounding: 'nearest' | undefined): Quick =>
  (given) => {
    const p = new Packed(given.code, single)
    const { code } = given
    const limit = p.splat(0x4f00_0000n)
    code.if(given.inexactIsNoted, () => {
      const b = p.held(given.b)
      const rounded = code.hold(rounding === undefined ? b : p.float(rounding, b))
      code.if(p.every(p.float('lt', p.float('abs', rounded), limit)), () =>
        p.give(given, code.op('i32x4.trunc_sat_f32x4_s', rounded)),
      )
    })
  }

/** Two doubles out of the lower half, exactly. */
const widenIntegers: Quick = (given) => {
  const p = new Packed(given.code, double)
  p.give(given, given.code.op('f64x2.convert_low_i32x4_s', p.held(given.b)))
}

const widen: Quick = (given) => {
  const p = new Packed(given.code, single)
  const low = p.held([given.b[0], given.code.i64(0n)])
  given.code.if(p.every(p.isOrdinary(low)), () => p.give(given, given.code.op('f64x2.promote_low_f32x4', low)))
}

const ofFormat = (suffix: 'PS' | 'PD', format: Format): Readonly<Record<string, Quick>> => ({
  [`ADD${suffix}`]: arithmetic(format, 'add'),
  [`SUB${suffix}`]: arithmetic(format, 'sub'),
  [`MUL${suffix}`]: arithmetic(format, 'mul'),
  [`DIV${suffix}`]: arithmetic(format, 'div'),
  [`SQRT${suffix}`]: squareRoot(format),
  // the second operand unless the first is better: SDM 2B, MINPD
  [`MIN${suffix}`]: exact(format, (p, a, b) => p.float('pmin', b, a)),
  [`MAX${suffix}`]: exact(format, (p, a, b) => p.float('pmax', b, a)),
  [`CMP${suffix}`]: exact(format, compared),
})

/** The packed operations that have a quick way, by name. */
export const quickVectors: Readonly<Record<string, Quick>> = {
  ...ofFormat('PS', single),
  ...ofFormat('PD', double),
  CVTDQ2PS: fromIntegers,
  CVTPS2DQ: toIntegers('nearest'),
  CVTTPS2DQ: toIntegers(undefined),
  CVTDQ2PD: widenIntegers,
  CVTPS2PD: widen,
}
