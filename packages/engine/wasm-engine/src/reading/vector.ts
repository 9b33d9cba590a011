import type { PlainOp } from '@vmm/wasm-encoder'
import type { Bits, Lane, LaneOperation, VectorArithmetic } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { bitsOf, highOf, nodeOf, pairOf } from './value.ts'

const shapes = { 8: 'i8x16', 16: 'i16x8', 32: 'i32x4', 64: 'i64x2' } as const

const direct: { readonly [O in LaneOperation]?: string } = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  addSaturateS: 'add_sat_s',
  addSaturateU: 'add_sat_u',
  subSaturateS: 'sub_sat_s',
  subSaturateU: 'sub_sat_u',
  minS: 'min_s',
  minU: 'min_u',
  maxS: 'max_s',
  maxU: 'max_u',
  averageU: 'avgr_u',
  equal: 'eq',
  greaterS: 'gt_s',
}

const highHalves = [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]
const evenLanes = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]

/** The vector part of the algebra as WebAssembly SIMD. */
export function vectorOn(code: Code): VectorArithmetic {
  const v = (node: Node): Bits<128> => bitsOf(node, 128)
  const highProducts = (sign: 's' | 'u', a: Bits<128>, b: Bits<128>): Bits<128> => {
    const half = (which: 'low' | 'high') => code.op(`i32x4.extmul_${which}_i16x8_${sign}`, nodeOf(a), nodeOf(b))
    return v(code.shuffle(half('low'), half('high'), highHalves))
  }
  const extracted = (lane: Lane, a: Bits<128>, index: number): Bits<64> => {
    if (lane === 64) return bitsOf(code.lane('i64x2.extract_lane', index, nodeOf(a)), 64)
    const op = lane === 8 ? 'i8x16.extract_lane_u' : lane === 16 ? 'i16x8.extract_lane_u' : 'i32x4.extract_lane'
    return bitsOf(code.op('i64.extend_i32_u', code.lane(op, index, nodeOf(a))), 64)
  }
  const scalar = (lane: Lane, value: Bits<64>): Node =>
    lane === 64 ? nodeOf(value) : code.op('i32.wrap_i64', nodeOf(value))
  return {
    half: (a, index) => v(index === 0 ? nodeOf(a) : highOf(a)),
    pair: (low, high) => pairOf(nodeOf(low), nodeOf(high)),
    zip(lane, operation, a, b) {
      if (operation === 'mulHighS') return highProducts('s', a, b)
      if (operation === 'mulHighU') return highProducts('u', a, b)
      return v(code.op(`${shapes[lane]}.${direct[operation]}` as PlainOp, nodeOf(a), nodeOf(b)))
    },
    absolute: (lane, a) => v(code.op(`${shapes[lane]}.abs` as PlainOp, nodeOf(a))),
    shift(lane, direction, a, count) {
      const op = { left: 'shl', right: 'shr_u', rightSigned: 'shr_s' }[direction]
      return v(code.op(`${shapes[lane]}.${op}` as PlainOp, nodeOf(a), nodeOf(count)))
    },
    splat: (lane, value) => v(code.op(`${shapes[lane]}.splat` as PlainOp, scalar(lane, value))),
    lane: extracted,
    withLane(lane, a, index, value) {
      return v(code.lane(`${shapes[lane]}.replace_lane`, index, nodeOf(a), scalar(lane, value)))
    },
    shuffle: (a, b, pattern) => v(code.shuffle(nodeOf(a), nodeOf(b), pattern)),
    swizzle: (a, indices) => v(code.op('i8x16.swizzle', nodeOf(a), nodeOf(indices))),
    signs: (lane, a) => bitsOf(code.op(`${shapes[lane]}.bitmask` as PlainOp, nodeOf(a)), 32),
    narrow(lane, range, a, b) {
      const to = lane === 16 ? 8 : 16
      return v(
        code.op(
          `${shapes[to]}.narrow_${shapes[lane]}_${range === 'signed' ? 's' : 'u'}` as PlainOp,
          nodeOf(a),
          nodeOf(b),
        ),
      )
    },
    widenLow(lane, sign, a) {
      const to = (lane * 2) as Lane
      return v(
        code.op(`${shapes[to]}.extend_low_${shapes[lane]}_${sign === 'signed' ? 's' : 'u'}` as PlainOp, nodeOf(a)),
      )
    },
    multiplyEven(sign, a, b) {
      const even = (x: Bits<128>) => code.shuffle(nodeOf(x), nodeOf(x), evenLanes)
      return v(code.op(`i64x2.extmul_low_i32x4_${sign === 'signed' ? 's' : 'u'}`, even(a), even(b)))
    },
    multiplyAdd: (a, b) => v(code.op('i32x4.dot_i16x8_s', nodeOf(a), nodeOf(b))),
  }
}
