import type { FunctionType, PlainOp } from '@vmm/wasm-encoder'
import { fusedOperations } from '@vmm/x86-semantics'
import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type Done, type FloatResults, triedFirst } from './tried-first.ts'

/*
 * Fused multiplication and addition, which WebAssembly does not have, by operations that it has, two lanes of doubles at a time, where
 * nothing but the result can be seen: MXCSR is calm, PE is set, operands are zero or far from the ends of their format, and so is the
 * result. Singles are multiplied exactly as doubles, and the sum is rounded to odd before it is rounded again. Doubles: an exact
 * product as a sum of two, exact sums, and the rest rounded to odd. Sources: T. J. Dekker, A Floating-Point Technique for Extending the
 * Available Precision, 1971; S. Boldo and G. Melquiond, Emulation of a FMA and Correctly Rounded Sums, 2008.
 */

/** All exceptions masked, rounding to nearest, denormals as they are, and PE. */
const calmMask = 0xffe0
const calm = 0x1fa0

const every = (bits: bigint): bigint => (bits << 64n) | bits
const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!
const sign = 1n << 63n

/** Operands are below `most` and, where not zero, from `least` on. */
const ranges = {
  PS: { least: 2 ** -126, most: 2 ** 128 },
  PD: { least: 2 ** -300, most: 2 ** 300 },
} as const

/** Half the bits of a double's significand, to take it apart. */
const splitter = 2 ** 27 + 1

/** Nodes over two doubles. */
class Doubles {
  readonly code: Code

  constructor(code: Code) {
    this.code = code
  }

  op(name: string, ...args: Node[]): Node {
    return this.code.hold(this.code.op(name as PlainOp, ...args))
  }

  constant(value: number): Node {
    return this.code.v128(every(bitsOf(value)))
  }

  add = (a: Node, b: Node): Node => this.op('f64x2.add', a, b)
  sub = (a: Node, b: Node): Node => this.op('f64x2.sub', a, b)
  mul = (a: Node, b: Node): Node => this.op('f64x2.mul', a, b)

  /** A sum, and what rounding took away from it (Knuth). */
  sum(a: Node, b: Node): readonly [Node, Node] {
    const sum = this.add(a, b)
    const bRounded = this.sub(sum, a)
    return [sum, this.add(this.sub(a, this.sub(sum, bRounded)), this.sub(b, bRounded))]
  }

  /** A product, and what rounding took away from it. */
  product(a: Node, b: Node): readonly [Node, Node] {
    const halves = (x: Node): readonly [Node, Node] => {
      const scaled = this.mul(x, this.constant(splitter))
      const high = this.sub(scaled, this.sub(scaled, x))
      return [high, this.sub(x, high)]
    }
    const [[a1, a2], [b1, b2]] = [halves(a), halves(b)]
    const product = this.mul(a, b)
    const crossed = this.add(this.add(this.sub(this.mul(a1, b1), product), this.mul(a1, b2)), this.mul(a2, b1))
    return [product, this.add(crossed, this.mul(a2, b2))]
  }

  /** A sum rounded to odd: where it is inexact and even, its neighbour on the side of the true one. */
  odd(a: Node, b: Node): Node {
    const [sum, lost] = this.sum(a, b)
    const one = this.code.v128(every(1n))
    const isEven = this.op('i64x2.eq', this.op('v128.and', sum, one), this.code.v128(0n))
    const isInexact = this.op('f64x2.ne', lost, this.code.v128(0n))
    const away = this.op('i64x2.shr_s', this.op('v128.xor', sum, lost), this.code.i32(63))
    const step = this.op('v128.or', away, one)
    return this.op('i64x2.add', sum, this.op('v128.and', step, this.op('v128.and', isEven, isInexact)))
  }

  /** Lanes whose magnitude is in a range, as a mask. */
  isWithin(x: Node, { least, most }: { readonly least: number; readonly most: number }): Node {
    const magnitude = this.op('f64x2.abs', x)
    const isLarge = this.op('f64x2.ge', magnitude, this.constant(least))
    return this.op('v128.and', isLarge, this.op('f64x2.lt', magnitude, this.constant(most)))
  }

  isZero(x: Node): Node {
    return this.op('f64x2.eq', x, this.code.v128(0n))
  }

  both(a: Node, b: Node): Node {
    return this.op('v128.and', a, b)
  }
}

/** What is negated in two lanes from one on: ADDSUB subtracts in even ones, SUBADD in odd ones. */
function negated(name: string): { readonly product: bigint; readonly term: bigint } {
  const product = name.startsWith('FN') ? every(sign) : 0n
  if (name.includes('ADDSUB')) return { product, term: sign }
  if (name.includes('SUBADD')) return { product, term: sign << 64n }
  return { product, term: name.includes('SUB') ? every(sign) : 0n }
}

/** Two lanes: the result, and where it is all that there is to it. */
interface Two {
  readonly result: Node
  readonly isGood: Node
}

function twoLanes(d: Doubles, name: string, operands: readonly [Node, Node, Node]): Two {
  const isSingle = name.endsWith('S')
  const range = ranges[isSingle ? 'PS' : 'PD']
  const [a, b, c] = operands
  const ordinary = operands
    .map((x) => d.op('v128.or', d.isWithin(x, range), d.isZero(x)))
    .reduce((all, one) => d.both(all, one))
  const signs = negated(name)
  const factor = d.op('v128.xor', a, d.code.v128(signs.product))
  const term = d.op('v128.xor', c, d.code.v128(signs.term))
  const { result, isGood } = isSingle ? ofSingles(d, factor, b, term) : ofDoubles(d, factor, b, term)
  return { result, isGood: isGood === undefined ? ordinary : d.both(ordinary, isGood) }
}

/** A sum that is zero is exactly so. What is just above the least normal number may come of an underflow. */
function ofSingles(d: Doubles, factor: Node, b: Node, term: Node): Two {
  const sum = d.odd(d.mul(factor, b), term)
  const result = d.op('f32x4.demote_f64x2_zero', sum)
  const from = { ...ranges.PS, least: ranges.PS.least * (1 + 2 ** -23) }
  const isNormal = d.isWithin(d.op('f64x2.promote_low_f32x4', result), from)
  return { result, isGood: d.op('v128.or', isNormal, d.isZero(sum)) }
}

/** Where all is zero the sign is that of a plain sum. */
function ofDoubles(
  d: Doubles,
  factor: Node,
  b: Node,
  term: Node,
): Pick<Two, 'result'> & { readonly isGood?: undefined } {
  const [product, rest] = d.product(factor, b)
  const [first, firstLost] = d.sum(term, rest)
  const [second, secondLost] = d.sum(product, first)
  const usual = d.add(second, d.odd(firstLost, secondLost))
  const plain = d.add(product, term)
  const isNothing = d.both(d.isZero(plain), d.isZero(rest))
  return { result: d.op('v128.bitselect', plain, usual, isNothing) }
}

const upper = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]
const lowHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]

/** The whole vector by its name. Scalars are computed in both lanes alike. */
function whole(d: Doubles, name: string, halves: readonly Node[]): Two {
  const { code } = d
  const vectors = [0, 2, 4].map((index) => {
    const low = code.op('i64x2.splat', halves[index]!)
    return name.endsWith('SD') ? code.hold(low) : code.hold(code.lane('i64x2.replace_lane', 1, low, halves[index + 1]!))
  })
  const [a, b, c] = vectors as [Node, Node, Node]
  if (/[PS]D$/.test(name)) return twoLanes(d, name, [a, b, c])
  const wide = (x: Node) => d.op('f64x2.promote_low_f32x4', x)
  if (name.endsWith('SS')) {
    const first = (x: Node) => wide(d.op('i32x4.splat', code.lane('i32x4.extract_lane', 0, x)))
    return twoLanes(d, name, [first(a), first(b), first(c)])
  }
  const high = (x: Node) => wide(code.hold(code.shuffle(x, x, upper)))
  const [low, above] = [twoLanes(d, name, [wide(a), wide(b), wide(c)]), twoLanes(d, name, [high(a), high(b), high(c)])]
  const result = code.hold(code.shuffle(low.result, above.result, lowHalves))
  return { result, isGood: d.both(low.isGood, above.isGood) }
}

/** What of a result is the instruction's: one lane of scalars. */
function lanesOf(code: Code, name: string, result: Node): readonly [low: Node, high: Node] {
  const low = code.lane('i64x2.extract_lane', 0, result)
  if (name.endsWith('SD')) return [low, code.i64(0n)]
  if (name.endsWith('SS')) return [code.op('i64.and', low, code.i64(0xffff_ffffn)), code.i64(0n)]
  return [low, code.lane('i64x2.extract_lane', 1, result)]
}

/** Halves of three vectors, and MXCSR. */
export const fusedType = {
  parameters: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i32'],
  results: ['i64', 'i64', 'i32'],
} as const satisfies FunctionType

/** `done` takes the halves of the result, where that is all. */
function quickly(code: Code, name: string, values: readonly Node[], done: Done): void {
  const isCalm = code.op('i32.eq', code.op('i32.and', values[6]!, code.i32(calmMask)), code.i32(calm))
  code.if(isCalm, () => {
    const { result, isGood } = whole(new Doubles(code), name, values)
    code.if(code.op('i64x2.all_true', isGood), () => done(...lanesOf(code, name, result)))
  })
}

/** The name of an operation by its number, if that is known. */
function nameOf({ operation }: Node): string | undefined {
  return operation.kind === 'constant' ? fusedOperations[Number(operation.value)] : undefined
}

/** A `fused` host call that first tries what WebAssembly has. */
export function quickFused(code: Code, values: readonly Node[], ask: () => FloatResults): FloatResults {
  const [number, ...operands] = values
  const name = nameOf(number!)
  if (name === undefined) return ask()
  return triedFirst(code, (done) => quickly(code, name, operands, done), ask)
}

/** A function that computes an operation by its number: halves of the result, and 1; or 0 where more may come of it than a result. */
export function fusedFunction(operation: number): Code {
  const code = new Code(fusedType.parameters)
  const values = fusedType.parameters.map((_, index) => code.fixedLocal(index))
  const ret = { kind: 'return' } as const
  quickly(code, fusedOperations[operation]!, values, (low, high) => code.leave(ret, low, high, code.i32(1)))
  code.leave(ret, code.i64(0n), code.i64(0n), code.i32(0))
  return code
}
