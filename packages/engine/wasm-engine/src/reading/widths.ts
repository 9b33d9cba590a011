import type { PlainOp } from '@vmm/wasm-encoder'
import type { Arithmetic, Bits, Width } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { asValue, bitsOf } from './value.ts'

/** The WebAssembly instruction that does `op` on values of a width up to 64. */
export function named(width: Width, op: string): PlainOp {
  let names = bothNames.get(op)
  if (names === undefined) {
    names = [`i32.${op}` as PlainOp, `i64.${op}` as PlainOp]
    bothNames.set(op, names)
  }
  return names[width === 64 ? 1 : 0]
}

const bothNames = new Map<string, readonly [narrow: PlainOp, wide: PlainOp]>()

const maskOf = (width: Width): number => (width >= 32 ? -1 : (1 << width) - 1)

/** The low bits of a node are enough: `x & mask` that only kept them clean is `x`. */
export function lowBits(node: Node, width: Width): Node {
  if (width >= 32 || node.operation.kind !== 'plain' || node.operation.op !== 'i32.and') return node
  const [value, mask] = node.args
  const kept = mask!.operation.kind === 'constant' ? Number(mask!.operation.value) : 0
  return (kept & maskOf(width)) === maskOf(width) && kept >>> 0 <= 0xffff ? value! : node
}

/** The value that a node's low bits are, its upper bits cleared. */
export const clean = <W extends Width>(code: Code, node: Node, width: W): Bits<W> =>
  bitsOf(width < 32 ? code.op('i32.and', node, code.i32(maskOf(width))) : node, width)

/** A known number of a width up to 128. */
export function number(code: Code, value: number | bigint, width: Width): Node {
  if (width === 128) return code.v128(BigInt(value))
  if (width === 64) return code.i64(BigInt(value))
  return code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(width, BigInt(value)))))
}

/** The value as a signed number of the WebAssembly type that holds it. */
export function signed<F extends Width>(code: Code, bits: Bits<F>): Node {
  const { node, width } = asValue(bits)
  if (width === 8) return code.op('i32.extend8_s', node)
  return width === 16 ? code.op('i32.extend16_s', node) : node
}

/** From one width to another. */
export function widthsOn(code: Code): Pick<Arithmetic, 'zeroExtend' | 'signExtend' | 'truncate' | 'extract'> {
  const truncate = <F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W> => {
    const { node, width } = asValue(a)
    if (width === w) return bitsOf(node, w)
    if (width === 128) return truncate(bitsOf(code.lane('i64x2.extract_lane', 0, node), 64), w)
    return clean(code, width === 64 ? code.op('i32.wrap_i64', node) : node, w)
  }
  return {
    zeroExtend<F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W> {
      const { node, width } = asValue(a)
      if (width === w || w < 64) return bitsOf(node, w)
      const wide = width === 64 ? node : code.op('i64.extend_i32_u', node)
      if (w !== 128) return bitsOf(wide, w)
      return bitsOf(code.lane('i64x2.replace_lane', 0, code.op('i64x2.splat', code.i64(0n)), wide), w)
    },
    signExtend<F extends Width, W extends Width>(a: Bits<F>, w: W): Bits<W> {
      const { node, width } = asValue(a)
      if (width === w) return bitsOf(node, w)
      const narrow = width === 1 ? code.op('i32.sub', code.i32(0), node) : signed(code, a)
      return w === 64 ? bitsOf(code.op('i64.extend_i32_s', narrow), w) : clean(code, narrow, w)
    },
    truncate,
    extract<F extends Width, W extends Width>(a: Bits<F>, low: number, w: W): Bits<W> {
      const { node, width } = asValue(a)
      return truncate(bitsOf(code.op(named(width, 'shr_u'), node, number(code, low, width)), width as F), w)
    },
  }
}
