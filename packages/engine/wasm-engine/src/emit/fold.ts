import type { PlainOp, ValueType } from '@vmm/wasm-encoder'
import type { Code } from './code.ts'
import type { Node } from './node.ts'

const constantOf = (node: Node | undefined): bigint | undefined =>
  node?.operation.kind === 'constant' ? node.operation.value : undefined

const isConstant = (node: Node | undefined): boolean => node !== undefined && node.operation.kind === 'constant'

/** What an instruction gives on constants, unsigned values in and any integer out. */
const onConstants: { readonly [O in PlainOp]?: (a: bigint, b: bigint, bits: number) => bigint } = {
  'i32.add': (a, b) => a + b,
  'i64.add': (a, b) => a + b,
  'i32.sub': (a, b) => a - b,
  'i64.sub': (a, b) => a - b,
  'i32.mul': (a, b) => a * b,
  'i64.mul': (a, b) => a * b,
  'i32.and': (a, b) => a & b,
  'i64.and': (a, b) => a & b,
  'i32.or': (a, b) => a | b,
  'i64.or': (a, b) => a | b,
  'i32.xor': (a, b) => a ^ b,
  'i64.xor': (a, b) => a ^ b,
  'i32.shl': (a, b) => a << (b & 31n),
  'i64.shl': (a, b) => a << (b & 63n),
  'i32.shr_u': (a, b) => a >> (b & 31n),
  'i64.shr_u': (a, b) => a >> (b & 63n),
  'i32.eqz': (a) => (a === 0n ? 1n : 0n),
  'i64.eqz': (a) => (a === 0n ? 1n : 0n),
  'i32.eq': (a, b) => (a === b ? 1n : 0n),
  'i64.eq': (a, b) => (a === b ? 1n : 0n),
  'i32.ne': (a, b) => (a === b ? 0n : 1n),
  'i64.ne': (a, b) => (a === b ? 0n : 1n),
  'i32.lt_u': (a, b) => (a < b ? 1n : 0n),
  'i64.lt_u': (a, b) => (a < b ? 1n : 0n),
  'i32.le_u': (a, b) => (a <= b ? 1n : 0n),
  'i32.gt_u': (a, b) => (a > b ? 1n : 0n),
  'i32.ge_u': (a, b) => (a >= b ? 1n : 0n),
  'i32.wrap_i64': (a) => a,
  'i64.extend_i32_u': (a) => BigInt.asUintN(32, a),
  'i64.extend_i32_s': (a) => BigInt.asIntN(32, a),
}

/** Instructions that give back their other argument when one is this constant. */
const neutral: { readonly [O in PlainOp]?: bigint } = {
  'i32.add': 0n,
  'i64.add': 0n,
  'i32.or': 0n,
  'i64.or': 0n,
  'i32.xor': 0n,
  'i64.xor': 0n,
  'i32.and': -1n,
  'i64.and': -1n,
  'i32.sub': 0n,
  'i64.sub': 0n,
  'i32.shl': 0n,
  'i64.shl': 0n,
  'i32.shr_u': 0n,
  'i64.shr_u': 0n,
  'i32.mul': 1n,
  'i64.mul': 1n,
}

const oneSided = new Set<PlainOp>(['i32.sub', 'i64.sub', 'i32.shl', 'i64.shl', 'i32.shr_u', 'i64.shr_u'])

/** The node that an instruction amounts to when its arguments are known, or undefined. */
export function folded(code: Code, op: PlainOp, args: readonly Node[], type: ValueType): Node | undefined {
  const [first, second] = args
  if (!isConstant(first) && !isConstant(second)) return args.length === 1 ? recast(code, op, first!) : undefined
  const a = constantOf(first)
  const b = constantOf(second)
  const compute = onConstants[op]
  if (compute !== undefined && a !== undefined && (args.length === 1 || b !== undefined)) {
    const bits = args[0]!.type === 'i64' ? 64 : 32
    const value = compute(BigInt.asUintN(bits, a), BigInt.asUintN(bits, b ?? 0n), bits)
    return type === 'i64' ? code.i64(value) : code.i32(Number(BigInt.asIntN(32, value)))
  }
  const keeps = neutral[op]
  if (keeps !== undefined && b === keeps) return args[0]
  if (keeps !== undefined && a === keeps && !oneSided.has(op)) return args[1]
  return summed(code, op, args) ?? recast(code, op, args[0]!)
}

/** Casts that undo another: bits of floats, and integers that were made wider. */
function recast(code: Code, op: PlainOp, value: Node): Node | undefined {
  const { operation } = value
  if (operation.kind === 'lane') {
    const { index } = operation
    const isLowest = operation.op === 'i32x4.extract_lane' && index === 0
    if (op === 'f64.reinterpret_i64' && operation.op === 'i64x2.extract_lane')
      return code.lane('f64x2.extract_lane', index, value.args[0]!)
    return op === 'f32.reinterpret_i32' && isLowest ? code.lane('f32x4.extract_lane', 0, value.args[0]!) : undefined
  }
  return operation.kind === 'plain' && undone[op] === operation.op ? value.args[0] : undefined
}

/** Casts by what they undo. */
const undone: { readonly [O in PlainOp]?: PlainOp } = {
  'f64.reinterpret_i64': 'i64.reinterpret_f64',
  'i64.reinterpret_f64': 'f64.reinterpret_i64',
  'f32.reinterpret_i32': 'i32.reinterpret_f32',
  'i32.reinterpret_f32': 'f32.reinterpret_i32',
  'i32.wrap_i64': 'i64.extend_i32_u',
}

/** (x + a) + b is x + (a + b). */
function summed(code: Code, op: PlainOp, args: readonly Node[]): Node | undefined {
  const inner = args[0]
  if ((op !== 'i64.add' && op !== 'i32.add') || inner?.operation.kind !== 'plain' || inner.operation.op !== op)
    return undefined
  const [x, a, b] = [inner.args[0]!, constantOf(inner.args[1]), constantOf(args[1])]
  if (a === undefined || b === undefined) return undefined
  return code.op(op, x, op === 'i64.add' ? code.i64(a + b) : code.i32(Number(BigInt.asIntN(32, a + b))))
}
