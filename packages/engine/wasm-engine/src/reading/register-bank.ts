import type { MemoryOp } from '@vmm/wasm-encoder'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'

/** Where a register lies: bytes from the vCPU block, known now or when the code runs. */
export type RegisterPlace = number | Node

/** Registers of the vCPU block by their place, whole or in part. `offset` is added to the place. */
export interface RegisterBank {
  load(op: MemoryOp, place: RegisterPlace, offset?: number): Node
  store(op: MemoryOp, place: RegisterPlace, value: Node, offset?: number): void
}

/** Registers in memory, where everybody finds them. */
export function registersInMemory(code: Code, cpu: Node): RegisterBank {
  const addressOf = (place: RegisterPlace): readonly [Node, number] =>
    typeof place === 'number' ? [cpu, place] : [code.op('i32.add', cpu, place), 0]
  return {
    load(op, place, more = 0) {
      const [address, offset] = addressOf(place)
      return code.load(op, address, offset + more)
    },
    store(op, place, value, more = 0) {
      const [address, offset] = addressOf(place)
      code.store(op, address, value, offset + more)
    },
  }
}
