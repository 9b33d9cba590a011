import type { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import { at, inJumpEntry, jumpEntries, jumpEntryBytes } from './state-layout.ts'

const shift = Math.log2(jumpEntryBytes)

/** Where the jump cache in use keeps the block at an address, if it does. */
export function jumpEntryOf(code: Code, cpu: Node, rip: Node): Node {
  const index = code.op('i32.and', code.op('i32.wrap_i64', rip), code.i32(jumpEntries - 1))
  return code.hold(
    code.op('i32.add', code.load('i32.load', cpu, at.jumpCache), code.op('i32.shl', index, code.i32(shift))),
  )
}

/** Whether an entry is of this address, and no translation was forgotten since it was made. */
export function isOfJump(code: Code, cpu: Node, { entry, rip }: { readonly entry: Node; readonly rip: Node }): Node {
  const generation = code.load('i32.load', entry, inJumpEntry.generation)
  return code.op(
    'i32.and',
    code.op('i64.eq', code.load('i64.load', entry, inJumpEntry.rip), rip),
    code.op('i32.eq', generation, code.load('i32.load', cpu, at.jumpGeneration)),
  )
}
