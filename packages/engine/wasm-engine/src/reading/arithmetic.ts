import type { PlainOp } from '@vmm/wasm-encoder'
import type { Arithmetic, Bits, Width } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { asValue, bitsOf, nodeOf } from './value.ts'
import { clean, lowBits, named, number, signed, widthsOn } from './widths.ts'

type Sized = 8 | 16 | 32 | 64

/** The pure part of the algebra as WebAssembly. */
export function arithmeticOn(code: Code): Arithmetic {
  const widths = widthsOn(code)
  return {
    constant: (value, w) => bitsOf(number(code, value, w), w),
    widthOf: <W extends Width>(a: Bits<W>) => asValue(a).width as W,
    ...sumsOn(code),
    ...productsOn(code, widths),
    ...quotientsOn(code),
    ...bitwiseOn(code),
    ...shiftsOn(code),
    ...rotationsOn(code),
    ...comparisonsOn(code),
    ...countsOn(code, widths),
    ...widths,
    select: <W extends Width>(condition: Bits<1>, yes: Bits<W>, no: Bits<W>) =>
      bitsOf(code.select(nodeOf(condition), nodeOf(yes), nodeOf(no)), asValue(yes).width as W),
  }
}

/** Operations whose low bits depend on low bits only. */
const modular =
  (code: Code, op: string) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> => {
    const { width } = asValue(a)
    return clean(code, code.op(named(width, op), lowBits(nodeOf(a), width), lowBits(nodeOf(b), width)), width as W)
  }

function sumsOn(code: Code): Pick<Arithmetic, 'add' | 'sub' | 'negate'> {
  return {
    add: modular(code, 'add'),
    sub: modular(code, 'sub'),
    negate: <W extends Width>(a: Bits<W>) => {
      const { node, width } = asValue(a)
      return clean(code, code.op(named(width, 'sub'), number(code, 0, width), node), width as W)
    },
  }
}

type Widths = ReturnType<typeof widthsOn>

function productsOn(code: Code, widths: Widths): Pick<Arithmetic, 'mul' | 'mulHighUnsigned' | 'mulHighSigned'> {
  const high =
    (wide: Widths['zeroExtend'], widest: typeof highUnsigned) =>
    <W extends Sized>(a: Bits<W>, b: Bits<W>): Bits<W> => {
      const { width } = asValue(a)
      if (width === 64) return bitsOf(widest(code, nodeOf(a), nodeOf(b)), width as W)
      const product = code.op('i64.mul', nodeOf(wide(a, 64)), nodeOf(wide(b, 64)))
      return widths.truncate(bitsOf(code.op('i64.shr_u', product, code.i64(BigInt(width))), 64), width as W)
    }
  return {
    mul: modular(code, 'mul'),
    mulHighUnsigned: high(widths.zeroExtend, highUnsigned),
    mulHighSigned: high(widths.signExtend, highSigned),
  }
}

function quotientsOn(code: Code): Pick<Arithmetic, 'divUnsigned' | 'remUnsigned' | 'divSigned' | 'remSigned'> {
  const onSigned =
    (op: string) =>
    <W extends Sized>(a: Bits<W>, b: Bits<W>): Bits<W> =>
      clean(code, code.op(named(asValue(a).width, op), signed(code, a), signed(code, b)), asValue(a).width as W)
  return {
    divUnsigned: plain(code, 'div_u'),
    remUnsigned: plain(code, 'rem_u'),
    divSigned: onSigned('div_s'),
    remSigned: onSigned('rem_s'),
  }
}

/** Operations that keep clean values clean. */
const plain =
  (code: Code, op: string) =>
  <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> =>
    bitsOf(code.op(named(asValue(a).width, op), nodeOf(a), nodeOf(b)), asValue(a).width as W)

function bitwiseOn(code: Code): Pick<Arithmetic, 'and' | 'or' | 'xor' | 'not'> {
  const bitwise =
    (op: 'and' | 'or' | 'xor') =>
    <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<W> => {
      const { width } = asValue(a)
      const full = width === 128 ? (`v128.${op}` as PlainOp) : named(width, op)
      return bitsOf(code.op(full, nodeOf(a), nodeOf(b)), width as W)
    }
  const xor = bitwise('xor')
  return {
    and: bitwise('and'),
    or: bitwise('or'),
    xor,
    not: <W extends Width>(a: Bits<W>) => {
      const { node, width } = asValue(a)
      if (width === 128) return bitsOf(code.op('v128.not', node), width as W)
      return xor(a, bitsOf(number(code, width === 1 ? 1 : -1, width), width as W))
    },
  }
}

function shiftsOn(code: Code): Pick<Arithmetic, 'shiftLeft' | 'shiftRight' | 'shiftRightSigned'> {
  return {
    shiftLeft: <W extends Sized>(a: Bits<W>, count: Bits<W>) =>
      clean(code, code.op(named(asValue(a).width, 'shl'), nodeOf(a), nodeOf(count)), asValue(a).width as W),
    shiftRight: plain(code, 'shr_u'),
    shiftRightSigned: <W extends Sized>(a: Bits<W>, count: Bits<W>) =>
      clean(code, code.op(named(asValue(a).width, 'shr_s'), signed(code, a), nodeOf(count)), asValue(a).width as W),
  }
}

function rotationsOn(code: Code): Pick<Arithmetic, 'rotateLeft' | 'rotateRight'> {
  const rotate =
    (op: 'rotl' | 'rotr') =>
    <W extends Sized>(a: Bits<W>, count: Bits<W>): Bits<W> => {
      const { node, width } = asValue(a)
      if (width >= 32) return bitsOf(code.op(named(width, op), node, nodeOf(count)), width as W)
      const n = code.op('i32.and', nodeOf(count), code.i32(width - 1))
      const back = code.op('i32.and', code.op('i32.sub', code.i32(width), nodeOf(count)), code.i32(width - 1))
      const [up, down] = op === 'rotl' ? [n, back] : [back, n]
      return clean(code, code.op('i32.or', code.op('i32.shl', node, up), code.op('i32.shr_u', node, down)), width as W)
    }
  return { rotateLeft: rotate('rotl'), rotateRight: rotate('rotr') }
}

const truth = (node: Node): Bits<1> => bitsOf(node, 1)

function comparisonsOn(code: Code): Pick<Arithmetic, 'equal' | 'below' | 'less' | 'isZero'> {
  const compare =
    (op: string) =>
    <W extends Width>(a: Bits<W>, b: Bits<W>): Bits<1> =>
      truth(code.op(named(asValue(a).width, op), nodeOf(a), nodeOf(b)))
  return {
    equal: compare('eq'),
    below: compare('lt_u'),
    less: (a, b) => truth(code.op(named(asValue(a).width, 'lt_s'), signed(code, a), signed(code, b))),
    isZero: (a) => truth(code.op(named(asValue(a).width, 'eqz'), nodeOf(a))),
  }
}

type Count = 'bit' | 'evenParity' | 'countOnes' | 'countLeadingZeros' | 'countTrailingZeros'

function countsOn(code: Code, widths: Widths): Pick<Arithmetic, Count> {
  const zeros =
    (op: 'clz' | 'ctz') =>
    <W extends 16 | 32 | 64>(a: Bits<W>): Bits<W> => {
      const { node, width } = asValue(a)
      if (width !== 16) return bitsOf(code.op(named(width, op), node), width as W)
      const padded =
        op === 'clz'
          ? code.op('i32.or', code.op('i32.shl', node, code.i32(16)), code.i32(0x8000))
          : code.op('i32.or', node, code.i32(0x10000))
      return bitsOf(code.op(named(width, op), padded), width as W)
    }
  return {
    bit: (a, n) => widths.extract(a, n === -1 ? asValue(a).width - 1 : n, 1),
    evenParity: (a) => {
      const low = nodeOf(widths.truncate(a, 8))
      return truth(code.op('i32.eqz', code.op('i32.and', code.op('i32.popcnt', low), code.i32(1))))
    },
    countOnes: <W extends 16 | 32 | 64>(a: Bits<W>) =>
      bitsOf(code.op(named(asValue(a).width, 'popcnt'), nodeOf(a)), asValue(a).width as W),
    countLeadingZeros: zeros('clz'),
    countTrailingZeros: zeros('ctz'),
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
