import type { Code } from './emit/code.ts'
import type { Node } from './emit/node.ts'
import { tlbEntries, tlbEntryBytes } from './state-layout.ts'

const pageBits = 12
const entryBits = Math.log2(tlbEntryBytes)

/** Where an entry is in each view, by its page, in bytes. */
export const tlbEntryMask: number = (tlbEntries - 1) * tlbEntryBytes

/** How far the entry of a linear address's page is from the beginning of a view, in bytes. */
export const tlbIndexOf = (code: Code, linear: Node): Node =>
  code.op(
    'i32.and',
    code.op('i32.shr_u', code.op('i32.wrap_i64', linear), code.i32(pageBits - entryBits)),
    code.i32(tlbEntryMask),
  )

/** The entry of a linear address's page in the first view of a privilege: those of other views are as far behind it as the views. */
export const tlbEntryOf = (code: Code, views: Node, linear: Node): Node =>
  code.hold(code.op('i32.add', views, tlbIndexOf(code, linear)))
