import type { Width } from '@vmm/x86-semantics'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { Frame } from './frame.ts'

const swaps = {
  8: 'i32.atomic.rmw8.cmpxchg_u',
  16: 'i32.atomic.rmw16.cmpxchg_u',
  32: 'i32.atomic.rmw.cmpxchg',
  64: 'i64.atomic.rmw.cmpxchg',
} as const

interface Swap {
  readonly host: Node
  readonly old: Node
  readonly value: Node
  readonly width: Width
}

/** What a hit must be besides, where an access is locked: WebAssembly swaps what is aligned, and no more than eight bytes. */
export function whereLocked(code: Code, linear: Node, bytes: number, hits: Node): Node {
  if (bytes > 8) return code.i32(0)
  const low = code.op('i32.and', code.op('i32.wrap_i64', linear), code.i32(bytes - 1))
  return code.op('i32.and', hits, code.op('i32.eqz', low))
}

/**
 * Stores to memory if what was loaded is still there, or has the instruction begin again. Where a store needs more than that, the
 * others have been stopped, and it is made `plainly`.
 */
export function swapLocked(frame: Frame, { host, old, value, width }: Swap, plainly: () => void): void {
  const { code, memoryBase, plainOnly } = frame
  const swap = () => {
    const found = code.atomic(swaps[width as keyof typeof swaps], host, old, value)
    const another = code.op(width === 64 ? 'i64.ne' : 'i32.ne', found, old)
    code.if(another, () => frame.again())
  }
  if (plainOnly) swap()
  else code.if(code.op('i32.ge_u', host, code.i32(memoryBase)), swap, plainly)
}
