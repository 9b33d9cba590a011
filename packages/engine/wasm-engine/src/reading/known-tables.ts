import { secondLevel, secondLevelAccess } from '@vmm/x86-semantics'
import type { Node } from '../emit/node.ts'
import { at, inKnownTable, knownTableBytes, knownTables } from '../state-layout.ts'
import type { Frame } from './frame.ts'

/** Where the guest's paging structures are in memory is remembered: a walk under EPT need not translate each entry's address anew. */
export function throughKnownTables(
  frame: Frame,
  procedure: { readonly name: string },
  [address, word]: readonly Node[],
  ask: () => readonly Node[],
): readonly Node[] {
  const how = word?.operation.kind === 'constant' ? Number(word.operation.value) : 0
  if (procedure.name !== secondLevel.name || (how & secondLevelAccess.table) === 0) return ask()
  const { code } = frame
  const [refused, physical] = [code.local('i32'), code.local('i64')]
  const asked = code.hold(address!)
  const page = code.hold(code.op('i64.and', asked, code.i64(~0xfffn)))
  const entry = code.hold(placeOf(frame, asked, (how & secondLevelAccess.write) !== 0))
  const tag = code.op('i64.or', page, code.i64(1n))
  code.if(
    code.op('i64.eq', code.load('i64.load', entry, inKnownTable.tag), tag),
    () => {
      const inside = code.op('i64.and', asked, code.i64(0xfffn))
      refused.set(code.i32(0))
      physical.set(code.op('i64.or', code.load('i64.load', entry, inKnownTable.physical), inside))
    },
    () => {
      const [failed, found] = ask() as [Node, Node]
      refused.set(failed)
      physical.set(found)
      code.if(code.op('i32.eqz', refused.get()), () => {
        const frameOf = code.op('i64.and', physical.get(), code.i64(~0xfffn))
        code.store('i64.store', entry, tag, inKnownTable.tag)
        code.store('i64.store', entry, frameOf, inKnownTable.physical)
      })
    },
  )
  return [code.hold(refused.get()), code.hold(physical.get())]
}

/** Pages that are read and pages that are marked have places of their own: what may be read need not be writable. */
function placeOf({ code, cpu }: Frame, address: Node, isMarked: boolean): Node {
  const number = code.op('i32.wrap_i64', code.op('i64.shr_u', address, code.i64(12n)))
  const index = code.op('i32.and', number, code.i32(knownTables - 1))
  const bytes = code.op('i32.mul', index, code.i32(knownTableBytes))
  const first = at.knownTables + (isMarked ? knownTables * knownTableBytes : 0)
  return code.op('i32.add', code.op('i32.add', cpu, bytes), code.i32(first))
}
