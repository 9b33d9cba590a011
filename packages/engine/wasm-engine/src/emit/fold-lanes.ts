import type { LaneOp, PlainOp } from '@vmm/wasm-encoder'
import type { Code } from './code.ts'
import type { Node } from './node.ts'

const isPlain = (node: Node | undefined, op: PlainOp): boolean =>
  node?.operation.kind === 'plain' && node.operation.op === op

const isLane = (node: Node | undefined, op: LaneOp, index: number): boolean =>
  node?.operation.kind === 'lane' && node.operation.op === op && node.operation.index === index

/**
 * What taking a lane of 64 bits, or putting one in its place, amounts to where it is known how the vector was made: halves that are
 * joined and parted again are what they were. Undefined where it is not known.
 */
export function foldedLane(code: Code, op: LaneOp, index: number, args: readonly Node[]): Node | undefined {
  if (op === 'i64x2.extract_lane') return halfOf(code, args[0]!, index)
  if (op === 'i64x2.replace_lane') return joined(code, args[0]!, index, args[1]!)
  if (op === 'i32x4.replace_lane' && isPlain(args[1], 'i32.reinterpret_f32'))
    return code.lane('f32x4.replace_lane', index, args[0]!, args[1]!.args[0]!)
  return undefined
}

function halfOf(code: Code, vector: Node, index: number): Node | undefined {
  if (isPlain(vector, 'i64x2.splat')) return vector.args[0]
  if (isLane(vector, 'f64x2.replace_lane', index)) return code.op('i64.reinterpret_f64', vector.args[1]!)
  if (isLane(vector, 'i64x2.replace_lane', index)) return vector.args[1]
  const isOther = isLane(vector, 'i64x2.replace_lane', 1 - index) || isLane(vector, 'f64x2.replace_lane', 1 - index)
  return isOther ? code.lane('i64x2.extract_lane', index, vector.args[0]!) : undefined
}

/** Floats stay where floats are; both halves of a vector, in their places, are that vector. */
function joined(code: Code, vector: Node, index: number, half: Node): Node | undefined {
  const low = isPlain(vector, 'i64x2.splat') ? vector.args[0] : undefined
  if (index === 1 && isLane(low, 'i64x2.extract_lane', 0) && isLane(half, 'i64x2.extract_lane', 1)) {
    const [from, other] = [low!.args[0]!, half.args[0]!]
    if (from === other) return from
  }
  if (isPlain(half, 'i64.reinterpret_f64')) return code.lane('f64x2.replace_lane', index, vector, half.args[0]!)
  return undefined
}
