import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { type MemoryMap, pageFlag } from '../memory-map.ts'
import { ownPlace } from '../own-place.ts'
import { tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'

/** The lowest bit of those that say which entry is a page's. */
const firstOfIndex = 1n << 12n

/**
 * The tag of a page that holds code in a write view. No address has it that is looked for in this entry: each store still comes to be looked
 * at, but needs no walk.
 */
export const guardedTag = (code: Code, linear: Node): Node =>
  code.op('i64.xor', code.op('i64.and', linear, code.i64(~0xfffn)), code.i64(firstOfIndex))

/** Whether only code keeps a page, by its flags, from the write views. */
export const isGuarded = (code: Code, flags: Node): Node => {
  const why = code.op('i32.and', flags, code.i32(pageFlag.code | pageFlag.monitored))
  return code.op('i32.eq', why, code.i32(pageFlag.code))
}

interface Stored {
  readonly cpu: Node
  readonly tlb: Node
  readonly linear: Node
}

/** Where an address is that is stored to, if a guarded page of it is known; else what `find` gives. */
export function whereStored(code: Code, map: MemoryMap, { cpu, tlb, linear }: Stored, find: () => Node): Node {
  const host = code.local('i32')
  const entry = tlbEntryOf(code, tlb, linear)
  const isKnown = code.op('i64.eq', code.load('i64.load', entry, tlbKinds.write), guardedTag(code, linear))
  host.set(code.i32(0))
  code.if(isKnown, () => {
    const there = code.hold(
      code.op('i32.add', code.op('i32.wrap_i64', linear), code.load('i32.load', entry, tlbKinds.write + 8)),
    )
    const page = code.op('i32.shr_u', code.op('i32.sub', there, code.i32(map.memoryBase)), code.i32(12))
    const flags = code.load('i32.load8_u', code.op('i32.add', page, ownPlace(code, map, cpu, map.pageFlags)))
    // where there is no code any more it may be entered like any other
    host.set(code.select(isGuarded(code, code.hold(flags)), there, code.i32(0)))
  })
  code.if(code.op('i32.eqz', host.get()), () => host.set(find()))
  return code.hold(host.get())
}
