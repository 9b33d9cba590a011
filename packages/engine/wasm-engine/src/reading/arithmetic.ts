import type { PlainOp } from '@vmm/wasm-encoder'
import type { Arithmetic, Bits, Width } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { bitsOf, nodeOf, valueOf } from './value.ts'

type Sized = 8 | 16 | 32 | 64

const maskOf = (width: Width): number => (width >= 32 ? -1 : (1 << width) - 1)

/** Whether a node is `x & mask` whose only purpose was to keep `width` bits clean. */
function withoutMask(node: Node, width: Width): Node {
  if (width >= 32 || node.operation.kind !== 'plain' || node.operation.op !== 'i32.and') return node
  const [value, mask] = node.args
  const kept = mask!.operation.kind === 'constant' ? Number(mask!.operation.value) : 0
  return (kept & maskOf(width)) === maskOf(width) && kept >>> 0 <= 0xffff ? value! : node
}

/** The low bits of a node are enough: the mask that cleans it may go. For stores of 8 and 16 bits. */
export const lowBits = withoutMask

/** The pure part of the algebra as WebAssembly. */
export function arithmeticOn(code: Code): Arithmetic {
  const name = (width: Width, op: string) => `${width === 64 ? 'i64' : 'i32'}.${op}` as PlainOp
  const clean = <W extends Width>(node: Node, width: W): Bits<W> =>
    bitsOf(width < 32 ? code.op('i32.and', node, code.i32(maskOf(width))) : node, width)
  const number = (value: number | bigint, width: Width): Node =>
    width === 64 ? code.i64(BigInt(value)) : code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(width, BigInt(value)))))
  /** Operations whose low bits depend on low bits only. */
  const modular =
    (op: string) =>
    <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> => {
      const { width } = valueOf(a)
      return clean(code.op(name(width, op), withoutMask(nodeOf(a), width), withoutMask(nodeOf(b), width)), width as W)
    }
  /** Bitwise operations keep clean values clean. */
  const bitwise =
    (op: 'and' | 'or' | 'xor') =>
    <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> => {
      const { width } = valueOf(a)
      const full = width === 128 ? (`v128.${op}` as PlainOp) : name(width, op)
      return bitsOf(code.op(full, nodeOf(a), nodeOf(b)), width as W)
    }
  const truth = (node: Node): Bits<1> => bitsOf(node, 1)
  const compare =
    (op: string) =>
    <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<1> =>
      truth(code.op(name(valueOf(a).width, op), nodeOf(a), nodeOf(b)))
  /** The value as a signed number of the WebAssembly type that holds it. */
  const signed = <F extends Width>(bits: Bits<F>): Node => {
    const { node, width } = valueOf(bits)
    if (width === 8) return code.op('i32.extend8_s', node)
    return width === 16 ? code.op('i32.extend16_s', node) : node
  }
  const onSigned =
    (op: string) =>
    <W extends Sized>(a: Bits<W>, b: Bits<W>): Bits<W> =>
      clean(code.op(name(valueOf(a).width, op), signed(a), signed(b)), valueOf(a).width as W)
  const plain =
    (op: string) =>
    <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
      bitsOf(code.op(name(valueOf(a).width, op), nodeOf(a), nodeOf(b)), valueOf(a).width as W)

  const xor = bitwise('xor')
  const zeroExtend = <F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W> => {
    const { node, width } = valueOf(a)
    if (width === w || w < 64) return bitsOf(node, w)
    const wide = width === 64 ? node : code.op('i64.extend_i32_u', node)
    if (w !== 128) return bitsOf(wide, w)
    return bitsOf(code.lane('i64x2.replace_lane', 0, code.op('i64x2.splat', code.i64(0n)), wide), w)
  }
  const signExtend = <F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W> => {
    const { node, width } = valueOf(a)
    if (width === w) return bitsOf(node, w)
    const narrow = width === 1 ? code.op('i32.sub', code.i32(0), node) : signed(a)
    return w === 64 ? bitsOf(code.op('i64.extend_i32_s', narrow), w) : clean(narrow, w)
  }
  const truncate = <F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W> => {
    const { node, width } = valueOf(a)
    if (width === w) return bitsOf(node, w)
    if (width === 128) return truncate(bitsOf(code.lane('i64x2.extract_lane', 0, node), 64), w)
    return clean(width === 64 ? code.op('i32.wrap_i64', node) : node, w)
  }
  const shiftConstant = <F extends Width>(a: Bits<F>, by: number): Bits<F> => {
    const { node, width } = valueOf(a)
    return bitsOf(code.op(name(width, 'shr_u'), node, number(by, width)), width as F)
  }
  const extract = <F extends Width, W extends Width>(a: Bits<F>, low: number, w: W): Bits<W> =>
    truncate(shiftConstant(a, low), w)
  const rotate = (left: boolean) => {
    const op = left ? 'rotl' : 'rotr'
    return <W extends Sized>(a: Bits<W>, count: Bits<W>): Bits<W> => {
      const { node, width } = valueOf(a)
      if (width >= 32) return bitsOf(code.op(name(width, op), node, nodeOf(count)), width as W)
      const n = code.op('i32.and', nodeOf(count), code.i32(width - 1))
      const back = code.op('i32.and', code.op('i32.sub', code.i32(width), nodeOf(count)), code.i32(width - 1))
      const [up, down] = left ? [n, back] : [back, n]
      return clean(code.op('i32.or', code.op('i32.shl', node, up), code.op('i32.shr_u', node, down)), width as W)
    }
  }
  const highProduct = (isSigned: boolean) => {
    return <W extends Sized>(a: Bits<W>, b: Bits<W>): Bits<W> => {
      const { width } = valueOf(a)
      if (width === 64)
        return bitsOf(
          isSigned ? highSigned(code, nodeOf(a), nodeOf(b)) : highUnsigned(code, nodeOf(a), nodeOf(b)),
          width as W,
        )
      const wide = isSigned ? signExtend : zeroExtend
      const product = code.op('i64.mul', nodeOf(wide(a, 64)), nodeOf(wide(b, 64)))
      return truncate(bitsOf(code.op('i64.shr_u', product, code.i64(BigInt(width))), 64), width as W)
    }
  }
  const counted =
    (op: 'clz' | 'ctz') =>
    <W extends 16 | 32 | 64>(a: Bits<W>): Bits<W> => {
      const { node, width } = valueOf(a)
      if (width !== 16) return bitsOf(code.op(name(width, op), node), width as W)
      const padded =
        op === 'clz'
          ? code.op('i32.or', code.op('i32.shl', node, code.i32(16)), code.i32(0x8000))
          : code.op('i32.or', node, code.i32(0x10000))
      return bitsOf(code.op(name(width, op), padded), width as W)
    }

  return {
    constant: (value, w) => bitsOf(number(value, w), w),
    widthOf: <W extends Width>(a: Bits<W>) => valueOf(a).width as W,
    add: modular('add'),
    sub: modular('sub'),
    mul: modular('mul'),
    mulHighUnsigned: highProduct(false),
    mulHighSigned: highProduct(true),
    divUnsigned: plain('div_u'),
    remUnsigned: plain('rem_u'),
    divSigned: onSigned('div_s'),
    remSigned: onSigned('rem_s'),
    and: bitwise('and'),
    or: bitwise('or'),
    xor,
    not: <W extends Width>(a: Bits<W>) => {
      const { node, width } = valueOf(a)
      if (width === 128) return bitsOf(code.op('v128.not', node), width as W)
      return xor(a, bitsOf(number(width === 1 ? 1 : -1, width), width as W))
    },
    negate: <W extends Width>(a: Bits<W>) => {
      const { node, width } = valueOf(a)
      return clean(code.op(name(width, 'sub'), number(0, width), node), width as W)
    },
    shiftLeft: <W extends Sized>(a: Bits<W>, count: Bits<W>) =>
      clean(code.op(name(valueOf(a).width, 'shl'), nodeOf(a), nodeOf(count)), valueOf(a).width as W),
    shiftRight: plain('shr_u'),
    shiftRightSigned: <W extends Sized>(a: Bits<W>, count: Bits<W>) =>
      clean(code.op(name(valueOf(a).width, 'shr_s'), signed(a), nodeOf(count)), valueOf(a).width as W),
    rotateLeft: rotate(true),
    rotateRight: rotate(false),
    equal: compare('eq'),
    below: compare('lt_u'),
    less: <W extends Sized>(a: Bits<W>, b: Bits<W>) =>
      truth(code.op(name(valueOf(a).width, 'lt_s'), signed(a), signed(b))),
    isZero: (a) => truth(code.op(name(valueOf(a).width, 'eqz'), nodeOf(a))),
    bit: (a, n) => extract(a, n === -1 ? valueOf(a).width - 1 : n, 1),
    evenParity: (a) => {
      const low = nodeOf(truncate(a, 8))
      return truth(code.op('i32.eqz', code.op('i32.and', code.op('i32.popcnt', low), code.i32(1))))
    },
    countOnes: <W extends 16 | 32 | 64>(a: Bits<W>) =>
      bitsOf(code.op(name(valueOf(a).width, 'popcnt'), nodeOf(a)), valueOf(a).width as W),
    countLeadingZeros: counted('clz'),
    countTrailingZeros: counted('ctz'),
    zeroExtend,
    signExtend,
    truncate,
    extract,
    select: <W extends Width>(condition: Bits<1>, yes: Bits<W>, no: Bits<W>) =>
      bitsOf(code.select(nodeOf(condition), nodeOf(yes), nodeOf(no)), valueOf(yes).width as W),
  }
}

/** The high half of a 64-bit product from four 32-bit ones (Knuth, TAOCP 2 §4.3.1, algorithm M). */
function highUnsigned(code: Code, a: Node, b: Node): Node {
  const low = (x: Node) => code.op('i64.and', x, code.i64(0xffff_ffffn))
  const high = (x: Node) => code.op('i64.shr_u', x, code.i64(32n))
  const times = (x: Node, y: Node) => code.op('i64.mul', x, y)
  const middle = code.op('i64.add', times(high(a), low(b)), high(times(low(a), low(b))))
  const other = code.op('i64.add', times(low(a), high(b)), low(middle))
  return code.op('i64.add', code.op('i64.add', times(high(a), high(b)), high(middle)), high(other))
}

/** Signed from unsigned: each negative factor takes the other one off the high half. */
function highSigned(code: Code, a: Node, b: Node): Node {
  const correction = (x: Node, y: Node) => code.op('i64.and', code.op('i64.shr_s', x, code.i64(63n)), y)
  return code.op('i64.sub', code.op('i64.sub', highUnsigned(code, a, b), correction(a, b)), correction(b, a))
}
