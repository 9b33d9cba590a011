import { accessKind } from '../access.ts'
import { apicRegister } from '../apic-registers.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { at, inKnownAccess, knownAccessBytes, knownAccesses, recordBytes } from '../state-layout.ts'

const registerBytes = 16
/** The page has registers so far. */
const pageEnd = 64n * BigInt(registerBytes)
const unusual = accessKind.modify | accessKind.locked | accessKind.bulk

/** An access to a device in one piece, at `missPhysical`. */
interface Access {
  readonly cpu: Node
  readonly record: Node
  readonly kind: Node
}

/** A load of a register that is known: `give` is told where its value lies, below guest memory. */
export function readRegister(code: Code, access: Access, give: (host: Node) => void): void {
  const { cpu } = access
  const inPage = placeInPage(code, cpu)
  const number = code.hold(code.op('i64.shr_u', inPage, code.i64(BigInt(Math.log2(registerBytes)))))
  const free = code.hold(code.load('i64.load32_u', cpu, at.apicFree))
  const has = (bits: Node) =>
    code.op('i32.and', code.op('i32.wrap_i64', code.op('i64.shr_u', bits, number)), code.i32(1))
  const isShown = [
    has(code.op('i64.or', code.load('i64.load', cpu, at.apicShown), free)),
    code.op('i64.lt_u', inPage, code.i64(pageEnd)),
    code.op('i64.eqz', code.op('i64.and', inPage, code.i64(BigInt(registerBytes - 1)))),
    isWord(code, access),
    isKnown(code, access, 0),
  ].reduce((all, one) => code.op('i32.and', all, one))
  code.if(isShown, () => {
    count(code, cpu)
    const place = code.op('i32.add', cpu, code.op('i32.shl', code.op('i32.wrap_i64', number), code.i32(2)))
    const shown = code.load('i64.load32_u', place, at.apicRegisters)
    const priority = code.load('i64.load8_u', cpu, at.apicTaskPriority)
    const scratch = code.hold(code.load('i32.load', cpu, at.scratch))
    code.store('i64.store', scratch, code.select(has(free), priority, shown))
    give(scratch)
  })
}

/**
 * A store to the task priority register, if nothing else comes of it: `give` is told where it goes, with all of its bits. What is there
 * is none of the register's business, so nobody may load from there.
 */
export function writeRegister(code: Code, access: Access, give: (host: Node) => void): void {
  const { cpu, kind } = access
  const taskPriority = BigInt(apicRegister.taskPriority * registerBytes)
  const isFree = [
    code.op('i64.eq', placeInPage(code, cpu), code.i64(taskPriority)),
    code.op('i32.ne', code.load('i32.load', cpu, at.apicFree), code.i32(0)),
    code.op('i32.eqz', code.op('i32.and', kind, code.i32(unusual))),
    isWord(code, access),
    isKnown(code, access, 1),
  ].reduce((all, one) => code.op('i32.and', all, one))
  code.if(isFree, () => {
    count(code, cpu)
    give(code.op('i32.add', cpu, code.i32(at.apicTaskPriority)))
  })
}

const placeInPage = (code: Code, cpu: Node): Node =>
  code.hold(code.op('i64.sub', code.load('i64.load', cpu, at.missPhysical), code.load('i64.load', cpu, at.apicPlace)))

const isWord = (code: Code, { kind }: Access): Node =>
  code.op('i32.eq', code.op('i32.and', kind, code.i32(accessKind.sizeMask)), code.i32(4))

/** Whether the instruction was let access the page before. */
function isKnown(code: Code, { cpu, record }: Access, write: 0 | 1): Node {
  const index = code.op('i32.and', code.op('i32.div_u', record, code.i32(recordBytes)), code.i32(knownAccesses - 1))
  const entry = code.hold(code.op('i32.add', cpu, code.op('i32.mul', index, code.i32(knownAccessBytes))))
  const page = code.op('i64.and', code.load('i64.load', cpu, at.missPhysical), code.i64(~0xfffn))
  const samePage = code.op('i64.eq', code.load('i64.load', entry, at.knownAccesses + inKnownAccess.page), page)
  const key = code.op('i32.or', record, code.i32(write))
  return code.op(
    'i32.and',
    samePage,
    code.op('i32.eq', code.load('i32.load', entry, at.knownAccesses + inKnownAccess.key), key),
  )
}

function count(code: Code, cpu: Node): void {
  const accesses = code.op('i32.add', code.load('i32.load', cpu, at.apicAccesses), code.i32(1))
  code.store('i32.store', cpu, accesses, at.apicAccesses)
}
