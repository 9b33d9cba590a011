import type { PlainOp } from '@vmm/wasm-encoder'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** A float80 as two nodes: 64 bits, and sign and exponent in 32. */
export interface Parts {
  readonly significand: Node
  readonly signExponent: Node
}

/** What a quick way of the x87 has at hand. Operands are held; `format` is that of `b`. */
export interface X87Quickly {
  readonly code: Code
  readonly a: Parts
  readonly b: Parts
  readonly format: string
  readonly fcw: Node
  /** The result, and what goes into FSW. */
  readonly done: (value: Parts, status?: Node) => void
}

/** Emits code that calls `done`, or does not where the case is not plain. */
export type X87Quick = (given: X87Quickly) => void

export const integerBit = 1n << 63n
export const exponentMask = 0x7fff
export const signBit = 0x8000
export const [PE, C0, C3] = [0x20, 0x100, 0x4000] as const

/** 64-bit operations by their short names. */
export const long = (code: Code, name: string, ...args: Node[]): Node => code.op(`i64.${name}` as PlainOp, ...args)

/** 32-bit operations by their short names. */
export const word = (code: Code, name: string, ...args: Node[]): Node => code.op(`i32.${name}` as PlainOp, ...args)

/** The exponent is neither the least nor the greatest, and the integer bit is there. */
export function isNormal(code: Code, { significand, signExponent }: Parts): Node {
  const exponent = word(code, 'and', signExponent, code.i32(exponentMask))
  const inside = word(code, 'lt_u', word(code, 'sub', exponent, code.i32(1)), code.i32(exponentMask - 1))
  return word(code, 'and', inside, long(code, 'lt_s', significand, code.i64(0n)))
}

/** A value of 128 bits, its leading bit set, rounded to nearest: the upper half, whether it grew, and whether it was exact. */
export interface Rounded {
  readonly significand: Node
  /** 1 where rounding went around to the next power of two. */
  readonly carry: Node
  readonly status: Node
}

/** Rounds to nearest, ties to even: `rest` is the fraction of a unit that is dropped, in 64 bits. */
export function rounded(code: Code, kept: Node, rest: Node, top: bigint): Rounded {
  const isTie = long(code, 'eq', rest, code.i64(integerBit))
  const isOdd = code.op('i32.wrap_i64', long(code, 'and', kept, code.i64(1n)))
  const isMore = long(code, 'gt_u', rest, code.i64(integerBit))
  const up = code.hold(word(code, 'or', isMore, word(code, 'and', isTie, isOdd)))
  const sum = code.hold(long(code, 'add', kept, code.op('i64.extend_i32_u', up)))
  const carry = code.hold(long(code, 'eq', sum, code.i64(BigInt.asUintN(64, top << 1n))))
  const inexact = code.select(long(code, 'eqz', rest), code.i32(0), code.i32(PE))
  return {
    significand: code.hold(code.select(carry, code.i64(top), sum)),
    carry,
    status: code.hold(word(code, 'or', inexact, word(code, 'shl', up, code.i32(9)))),
  }
}
