import type { PlainOp } from '@vmm/wasm-encoder'
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
} from '../reading/float-format.ts'
import type { FloatCall, FloatWay, RegionFloats } from './floats.ts'

/** One format in a region: nodes over the bits of its numbers. */
class Lane extends FormatNodes {
  readonly floats: RegionFloats

  constructor(floats: RegionFloats, format: Format) {
    super(floats.code, format)
    this.floats = floats
  }

  /** The lowest lane of a vector, given by its low half. */
  of(low: Node): Node {
    return this.floatOfBits(this.laneOf(low))
  }

  /** The low half of a vector whose lowest lane is this, and zeros above. */
  half(value: Node): Node {
    return this.lowHalf(this.bitsOfFloat(value))
  }

  /** The bits without the sign, times two. */
  doubled(value: Node): Node {
    return this.integer('shl', this.bitsOfFloat(value), this.constant(1n))
  }

  #least(): bigint {
    return 2n * this.format.smallestNormal
  }

  /** Twice the bits of infinity. */
  #infinity(): bigint {
    return 2n * this.format.infinity
  }

  /** Not a finite number above the smallest normal one, or an inexact one would be noticed. */
  isOddResult(value: Node): Node {
    const from = this.#least() + 2n
    const { integer, float } = this.format
    const range = () => this.constant(this.#infinity() - from)
    const limit = this.floats.ifCalm(`range of ${float}`, integer, range, () => this.constant(0n))
    return this.integer('ge_u', this.integer('sub', this.doubled(value), this.constant(from)), limit)
  }

  /** Conditions under which an operand is denormal: none if it is known not to be. */
  whereDenormal(value: Node): readonly Node[] {
    if (this.floats.known.isTame(value, this.format.float)) return []
    const above = this.integer('sub', this.doubled(value), this.constant(1n))
    return [this.integer('lt_u', above, this.constant(this.#least() - 1n))]
  }

  /** Leaves before the instruction if an operand is denormal or a NaN. */
  requireTame(value: Node): void {
    const { code, known } = this.floats
    if (known.isTame(value, this.format.float)) return
    const bits = code.hold(this.doubled(value))
    // behind the infinities come NaNs, then zero, then denormals
    const turned = this.integer('sub', bits, this.constant(this.#least()))
    const isOdd = this.integer('gt_u', turned, this.constant(this.#infinity() - this.#least()))
    code.rarely(isOdd, () => this.floats.declineIf(this.integer('ne', bits, this.constant(0n))))
    this.tame(value)
  }

  tame(value: Node): void {
    this.floats.known.note(value, this.format.float)
  }

  /** A result that `usual` computes, unless something about it is odd. */
  computed(call: FloatCall, usual: Node, odd: (result: Node) => readonly Node[]): Node {
    const { code } = this.floats
    const local = code.local(this.format.float)
    local.set(usual)
    this.floats.closerIf(odd(local.get()), call, ([low]) => local.set(this.of(low)))
    const result = code.hold(local.get())
    this.tame(result)
    return result
  }

  /** A number that is computed now. */
  held(low: Node): Node {
    return this.floats.code.hold(this.of(low))
  }
}

const none = (floats: RegionFloats): Node => floats.code.i64(0n)

/** A normal result of operands that are not denormal is one of finite ones. */
const arithmetic =
  (format: Format, operation: Arithmetic): FloatWay =>
  (floats, call) => {
    const lane = new Lane(floats, format)
    const [x, y] = [lane.of(call.a[0]), lane.of(call.b[0])]
    const usual = lane.float(operation, x, y)
    const result = lane.computed(call, usual, (value) => [
      lane.isOddResult(value),
      ...lane.whereDenormal(x),
      ...lane.whereDenormal(y),
    ])
    lane.tame(x)
    lane.tame(y)
    return [lane.half(result), none(floats)]
  }

const squareRoot =
  (format: Format): FloatWay =>
  (floats, call) => {
    const lane = new Lane(floats, format)
    const x = lane.of(call.b[0])
    const odd = (value: Node) => [lane.isOddResult(value), ...lane.whereDenormal(x)]
    const result = lane.computed(call, lane.float('sqrt', x), odd)
    lane.tame(x)
    return [lane.half(result), none(floats)]
  }

/** Comparisons, and what they choose. Nothing is rounded, so that MXCSR does not matter where numbers are tame. */
const ordered =
  (format: Format, result: (lane: Lane, x: Node, y: Node, call: FloatCall) => Node): FloatWay =>
  (floats, call) => {
    const lane = new Lane(floats, format)
    const [x, y] = [lane.held(call.a[0]), lane.held(call.b[0])]
    lane.requireTame(x)
    lane.requireTame(y)
    return [result(lane, x, y, call), none(floats)]
  }

/** MIN and MAX give the second operand when neither is less. SDM 2B, MINSD. */
const extreme = (format: Format, isBetter: 'lt' | 'gt'): FloatWay =>
  ordered(format, (lane, x, y) => {
    const { code } = lane.floats
    const result = code.hold(code.select(lane.float(isBetter, x, y), x, y))
    lane.tame(result)
    return lane.half(result)
  })

const compare = (format: Format): FloatWay =>
  ordered(format, (lane, x, y, { immediate }) => {
    const { code } = lane.floats
    const relation = predicates[immediate & 7]
    const holds = relation === undefined ? code.i32((immediate & 4) >> 2) : lane.float(relation, x, y)
    const ones = code.op('i64.sub', code.i64(0n), code.op('i64.extend_i32_u', holds))
    return format.width === 64 ? ones : code.op('i64.and', ones, code.i64(0xffff_ffffn))
  })

/** ZF for equal, CF for below. */
const order = (format: Format): FloatWay =>
  ordered(format, (lane, x, y) => {
    const { code } = lane.floats
    const equal = code.op('i32.shl', lane.float('eq', x, y), code.i32(6))
    return code.op('i64.extend_i32_u', code.op('i32.or', equal, lane.float('lt', x, y)))
  })

/** Integers of 32 bits are doubles exactly. */
const fromInteger =
  (format: Format, width: 32 | 64): FloatWay =>
  (floats, call) => {
    const lane = new Lane(floats, format)
    const { code } = floats
    const isNarrow = width === 32
    const value = isNarrow ? code.op('i32.wrap_i64', call.b[0]) : call.b[0]
    const usual = lane.float(`convert_i${width}_s`, value)
    const notCalm = () => [code.op('i32.eqz', floats.isCalm())]
    const result = isNarrow && format === double ? code.hold(usual) : lane.computed(call, usual, notCalm)
    lane.tame(result)
    return [lane.half(result), none(floats)]
  }

/** To an integer that holds it; its magnitude is below the power of two. Denormals are zero here, and nothing is said of them. */
const toInteger =
  (format: Format, width: 32 | 64, rounding: 'nearest' | 'trunc'): FloatWay =>
  (floats, call) => {
    const lane = new Lane(floats, format)
    const { code } = floats
    const value = lane.held(call.b[0])
    const rounded = rounding === 'trunc' ? value : code.hold(lane.float('nearest', value))
    const limit = lane.floatOfBits(lane.constant(powerOf(format, width - 1)))
    const isLarge = code.op('i32.eqz', lane.float('lt', lane.float('abs', rounded), limit))
    const result = code.local('i64')
    const integer = code.op(`i${width}.trunc_sat_${format.float}_s` as PlainOp, rounded)
    result.set(width === 64 ? integer : code.op('i64.extend_i32_u', integer))
    floats.closerIf([isLarge, code.op('i32.eqz', floats.isCalm())], call, ([low]) => result.set(low))
    return [code.hold(result.get()), none(floats)]
  }

/** The bits of a power of two. */
function powerOf({ smallestNormal, infinity }: Format, power: number): bigint {
  const bias = infinity / smallestNormal / 2n
  return (bias + BigInt(power)) * smallestNormal
}

const widen: FloatWay = (floats, call) => {
  const [from, to] = [new Lane(floats, single), new Lane(floats, double)]
  const value = from.held(call.b[0])
  from.requireTame(value)
  const result = floats.code.hold(floats.code.op('f64.promote_f32', value))
  to.tame(result)
  return [to.half(result), none(floats)]
}

const narrow: FloatWay = (floats, call) => {
  const [from, to] = [new Lane(floats, double), new Lane(floats, single)]
  const value = from.of(call.b[0])
  // what is denormal as a double is zero as a single
  const result = to.computed(call, floats.code.op('f32.demote_f64', value), (narrowed) => [to.isOddResult(narrowed)])
  from.tame(value)
  return [to.half(result), none(floats)]
}

/** Bit 2 of the immediate leaves it to MXCSR, which rounds to nearest while it is calm; bit 3 keeps PE quiet. */
const round =
  (format: Format): FloatWay =>
  (floats, call) => {
    const lane = new Lane(floats, format)
    const value = lane.held(call.b[0])
    lane.requireTame(value)
    const { immediate } = call
    const how = (immediate & 4) !== 0 ? 'nearest' : roundings[immediate & 3]!
    const isQuiet = (immediate & 12) === 8
    const usual = lane.float(how, value)
    const notCalm = () => [floats.code.op('i32.eqz', floats.isCalm())]
    const result = isQuiet ? floats.code.hold(usual) : lane.computed(call, usual, notCalm)
    lane.tame(result)
    return [lane.half(result), none(floats)]
  }

/** The scalar operations by name. */
export const scalarWays = scalarOperations<FloatWay>({
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
