import type { MemoryOp } from '@vmm/wasm-encoder'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** What decoding left at an address of a record: known when a region is emitted. */
export function recordField(code: Code, view: DataView, op: MemoryOp, address: number): Node {
  switch (op) {
    case 'i32.load8_u':
      return code.i32(view.getUint8(address))
    case 'i32.load16_u':
      return code.i32(view.getUint16(address, true))
    case 'i32.load':
      return code.i32(view.getInt32(address, true))
    case 'i64.load32_s':
      return code.i64(BigInt(view.getInt32(address, true)))
    case 'i64.load':
      return code.i64(view.getBigInt64(address, true))
    default:
      throw new Error(`no field of a record is read by ${op}`)
  }
}
