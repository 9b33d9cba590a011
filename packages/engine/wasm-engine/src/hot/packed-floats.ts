import type { Node } from '../emit/node.ts'
import { double, type Format, predicates, single, VectorNodes } from '../reading/float-format.ts'
import type { FloatWay, Halves, RegionFloats } from './floats.ts'

/** One format in all lanes of vectors of a region. Conditions are signs of lanes. */
class Lanes extends VectorNodes {
  readonly floats: RegionFloats

  constructor(floats: RegionFloats, format: Format) {
    super(floats.code, format)
    this.floats = floats
  }

  #all(value: bigint): Node {
    return this.floats.shared(`${this.shape} ${value}`, 'v128', () => this.splat(value))
  }

  halves(vector: Node): Halves {
    const { code } = this
    return [code.lane('i64x2.extract_lane', 0, vector), code.lane('i64x2.extract_lane', 1, vector)]
  }

  or(...conditions: readonly Node[]): Node {
    return conditions.reduce((all, each) => this.code.op('v128.or', all, each))
  }

  /** Whether any lane has its sign set. */
  any(condition: Node): Node {
    return this.integer('bitmask', condition)
  }

  /**
   * The bits without the sign, less `from` of them, times two and one more, turned around so that signed comparisons tell what unsigned
   * ones would.
   */
  #turned(vector: Node, from: bigint): Node {
    const doubled = this.integer('shl', vector, this.code.i32(1))
    return this.integer('add', doubled, this.#all(BigInt.asUintN(this.format.width, this.#turn() - 2n * from + 1n)))
  }

  #turn(): bigint {
    return 1n << BigInt(this.format.width - 1)
  }

  /** Not a finite number above the smallest normal one, or an inexact one would be noticed. */
  isOddResult(vector: Node): Node {
    const { smallestNormal, infinity } = this.format
    const from = smallestNormal + 1n
    const limit = (bits: bigint) => () => this.splat(BigInt.asUintN(this.format.width, this.#turn() + bits))
    const [usual, none] = [limit(2n * (infinity - from)), limit(0n)]
    const most = this.floats.ifCalm(`range of ${this.shape}`, 'v128', usual, none)
    return this.integer('gt_s', this.#turned(vector, from), most)
  }

  /** Conditions under which an operand is denormal: none if it is known not to be. */
  whereDenormal(vector: Node): readonly Node[] {
    if (this.floats.known.isTame(vector, this.shape)) return []
    const bits = 2n * (this.format.smallestNormal - 1n)
    const limit = this.#all(BigInt.asUintN(this.format.width, this.#turn() + bits))
    return [this.integer('lt_s', this.#turned(vector, 1n), limit)]
  }

  /** Results that are zero exactly: sums, but where they round down, which makes them -0; others if the first operand or a factor was. */
  isTrueZero(operation: Arithmetic, result: Node, [a, b]: readonly Node[]): Node {
    const isZero = (vector: Node) => this.float('eq', vector, this.#all(0n))
    const zero = isZero(result)
    if (operation === 'add' || operation === 'sub') return this.code.op('v128.and', zero, this.floats.unlessDown())
    const from = operation === 'mul' ? this.or(isZero(a!), isZero(b!)) : isZero(a!)
    return this.code.op('v128.and', zero, from)
  }

  /** Conditions under which an operand is denormal or a NaN. */
  whereWild(vector: Node): readonly Node[] {
    if (this.floats.known.isTame(vector, this.shape)) return []
    return [...this.whereDenormal(vector), this.float('ne', vector, vector)]
  }

  note(vector: Node): void {
    this.floats.known.note(vector, this.shape)
  }
}

type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'sqrt'

const arithmetic =
  (format: Format, operation: Arithmetic): FloatWay =>
  (floats, call) => {
    const lanes = new Lanes(floats, format)
    const { code } = floats
    const operands = (operation === 'sqrt' ? [call.b] : [call.a, call.b]).map((halves) => lanes.joined(halves))
    const local = code.local('v128')
    local.set(lanes.float(operation, ...operands))
    const denormal = operands.flatMap((operand) => lanes.whereDenormal(operand))
    const odd = lanes.isOddResult(local.get())
    const isOdd = lanes.any(lanes.or(odd, ...denormal))
    // lanes that nobody uses hold zeros more often than not
    const isBad = () => {
      const zeros = lanes.isTrueZero(operation, local.get(), operands)
      return lanes.any(lanes.or(code.op('v128.andnot', odd, zeros), ...denormal))
    }
    floats.closerIf([isOdd], call, (halves) => local.set(lanes.joined(halves)), isBad)
    const result = code.hold(local.get())
    for (const value of [result, ...operands]) lanes.note(value)
    return lanes.halves(result)
  }

/** What never rounds: MXCSR does not matter where numbers are tame. */
const ordered =
  (format: Format, result: (lanes: Lanes, a: Node, b: Node, immediate: number) => Node): FloatWay =>
  (floats, { a, b, immediate }) => {
    const lanes = new Lanes(floats, format)
    const operands = [lanes.joined(a), lanes.joined(b)] as const
    const odd = operands.flatMap((operand) => lanes.whereWild(operand))
    if (odd.length > 0) floats.declineIf(lanes.any(lanes.or(...odd)))
    for (const operand of operands) lanes.note(operand)
    return lanes.halves(floats.code.hold(result(lanes, ...operands, immediate)))
  }

/** The second operand unless the first is better: SDM 2B, MINPD. */
const extreme = (format: Format, name: 'pmin' | 'pmax'): FloatWay =>
  ordered(format, (lanes, a, b) => {
    const result = lanes.code.hold(lanes.float(name, b, a))
    lanes.note(result)
    return result
  })

const compare = (format: Format): FloatWay =>
  ordered(format, (lanes, a, b, immediate) => {
    const relation = predicates[immediate & 7]
    if (relation !== undefined) return lanes.float(relation, a, b)
    return lanes.splat((immediate & 4) !== 0 ? -1n : 0n)
  })

/** Two doubles out of the lower half, exactly. */
const widenIntegers: FloatWay = (floats, { b }) => {
  const lanes = new Lanes(floats, double)
  const result = floats.code.hold(floats.code.op('f64x2.convert_low_i32x4_s', lanes.joined(b)))
  lanes.note(result)
  return lanes.halves(result)
}

const ofFormat = (suffix: 'PS' | 'PD', format: Format): Readonly<Record<string, FloatWay>> => ({
  [`ADD${suffix}`]: arithmetic(format, 'add'),
  [`SUB${suffix}`]: arithmetic(format, 'sub'),
  [`MUL${suffix}`]: arithmetic(format, 'mul'),
  [`DIV${suffix}`]: arithmetic(format, 'div'),
  [`SQRT${suffix}`]: arithmetic(format, 'sqrt'),
  [`MIN${suffix}`]: extreme(format, 'pmin'),
  [`MAX${suffix}`]: extreme(format, 'pmax'),
  [`CMP${suffix}`]: compare(format),
})

/** The packed operations by name; what is not here is looked at closer each time. */
export const packedWays: Readonly<Record<string, FloatWay>> = {
  ...ofFormat('PS', single),
  ...ofFormat('PD', double),
  CVTDQ2PD: widenIntegers,
}
