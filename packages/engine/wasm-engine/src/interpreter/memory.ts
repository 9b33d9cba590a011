import { exceptions, segmentNames } from '@vmm/x86-registers'
import { secondLevelFault } from '@vmm/x86-semantics'
import { accessKind } from '../access.ts'
import { granuleBytes } from '../code-granules.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import {
  coderBytes,
  liveEntries,
  liveEntryBytes,
  type MemoryMap,
  pageFlag,
  type SharedMap,
  slotReadOnly,
  slotTold,
} from '../memory-map.ts'
import { ownPlace } from '../own-place.ts'
import { noMemory } from '../runtime.ts'
import { at, fillLogEntries, holdsLargePages, inRecord, tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'
import { readRegister, writeRegister } from './apic-registers.ts'
import { guardedTag, isGuarded, whereStored } from './guarded-pages.ts'
import { maskedAddress } from './masked.ts'
import { begun } from './parameters.ts'
import { hostOf } from './physical.ts'

const ret = { kind: 'return' } as const
const five = ['i32', 'i32', 'i32', 'i64', 'i32'] as const

/** Indices of what these functions call, beside the runtime. */
export interface MemoryCalls {
  readonly fill: number
  readonly find: number
  readonly oddRead: number
  readonly oddWrite: number
  readonly deviceRead: number
  readonly deviceWrite: number
  readonly deviceReach: number
  readonly touched: number
}

/** What the page walk gives: 0 or an error code with the present bit's complement folded in, the frame, and rights. */
export interface Walked {
  /** 1 if the access is allowed. */
  readonly allowed: Node
  readonly errorCode: Node
  /** Not zero if EPT did not let it be made: the error code is the basic exit reason. */
  readonly refused: Node
  /** Physical address of the 4 KiB frame. */
  readonly frame: Node
  /** Not zero if it is a piece of a larger page. */
  readonly large: Node
}

export type Walk = (code: Code, frame: { cpu: Node; record: Node; tlb: Node; linear: Node; kind: Node }) => Walked

const has = (code: Code, kind: Node, bit: number): Node =>
  code.op('i32.ne', code.op('i32.and', kind, code.i32(bit)), code.i32(0))

/** Notes an exception with an error code. */
export function noteFault(code: Code, cpu: Node, vector: Node, errorCode: Node): void {
  code.store('i32.store', cpu, errorCode, at.faultCode)
  code.store('i32.store', cpu, vector, at.faultVector)
  code.store('i32.store', cpu, code.i32(1), at.faultHasCode)
}

/** Non-canonical addresses are #SS(0) for the stack and #GP(0) for the rest. SDM 1 §3.3.7.1. */
function refuseNonCanonical(code: Code, cpu: Node, record: Node, linear: Node, kind: Node): void {
  const shift = code.hold(code.load('i64.load8_u', cpu, at.canonicalShift))
  const extended = code.op('i64.shr_s', code.op('i64.shl', linear, shift), shift)
  code.if(code.op('i64.ne', extended, linear), () => {
    const ofOperand = code.op(
      'i32.and',
      has(code, kind, accessKind.operand),
      code.op('i32.eq', code.load('i32.load8_u', record, inRecord.segment), code.i32(segmentNames.indexOf('SS'))),
    )
    const stack = code.op('i32.or', has(code, kind, accessKind.stack), ofOperand)
    noteFault(
      code,
      cpu,
      code.select(stack, code.i32(exceptions.SS.vector), code.i32(exceptions.GP.vector)),
      code.i32(0),
    )
    code.leave(ret, code.i32(0))
  })
}

/** (cpu, record, tlb, linear, kind): walks, enters the page into the view the access asks for, gives its host address. */
export function fillFunction(map: MemoryMap, { touched }: MemoryCalls, walk: Walk): Code {
  const [code, [cpu, record, tlb, given, kind]] = begun(five)
  const linear = code.hold(maskedAddress(code, cpu, given, kind))
  refuseNonCanonical(code, cpu, record, linear, kind)
  code.store('i64.store', cpu, code.op('i64.add', code.load('i64.load', cpu, at.tlbMisses), code.i64(1n)), at.tlbMisses)
  const walked = walk(code, { cpu, record, tlb, linear, kind })
  code.if(code.op('i32.eqz', walked.allowed), () => {
    code.if(walked.refused, () => {
      noteFault(code, cpu, code.i32(secondLevelFault), code.op('i32.and', walked.errorCode, code.i32(0xffff)))
      code.leave(ret, code.i32(0))
    })
    code.store('i64.store', cpu, linear, at.CR2)
    noteFault(code, cpu, code.i32(exceptions.PF.vector), walked.errorCode)
    code.leave(ret, code.i32(0))
  })
  const physical = code.hold(code.op('i64.or', walked.frame, code.op('i64.and', linear, code.i64(0xfffn))))
  const [host, slotFlags] = hostOf(code, cpu, physical)
  const isWrite = code.hold(has(code, kind, accessKind.write))
  const readOnly = code.op('i32.and', isWrite, has(code, slotFlags, slotReadOnly))
  code.if(code.op('i32.or', code.op('i32.eqz', host), readOnly), () => {
    code.store('i64.store', cpu, physical, at.missPhysical)
    code.leave(ret, code.i32(noMemory))
  })
  code.if(has(code, slotFlags, slotTold), () => {
    code.if(code.op('i32.and', isWrite, has(code, kind, accessKind.probe)), () => {
      code.store('i64.store', cpu, physical, at.missPhysical)
      code.store('i32.store', cpu, code.i32(1), at.told)
      code.leave(ret, host)
    })
    const [goesOn] = code.call(touched, [cpu, physical, isWrite], ['i32'])
    code.if(code.op('i32.eqz', goesOn!), () => code.leave(ret, code.i32(0)))
  })
  // it is looked for with its metadata
  enter(code, map, { cpu, tlb, linear: given, kind, host, isWrite, large: walked.large })
  code.leave(ret, host)
  return code
}

interface Entering {
  readonly cpu: Node
  readonly tlb: Node
  readonly linear: Node
  readonly kind: Node
  readonly host: Node
  readonly isWrite: Node
  readonly large: Node
}

/**
 * Pages that hold code or a monitored line never enter a write view; the first write view makes a page dirty. While every access is
 * to be looked at, no page enters a view of data.
 */
function enter(code: Code, map: MemoryMap, { cpu, tlb, linear, kind, host, isWrite, large }: Entering): void {
  const page = code.hold(code.op('i32.shr_u', code.op('i32.sub', host, code.i32(map.memoryBase)), code.i32(12)))
  const flagsAt = code.hold(code.op('i32.add', page, ownPlace(code, map, cpu, map.pageFlags)))
  const flags = code.hold(code.load('i32.load8_u', flagsAt))
  const store = (view: number) => {
    // while every access is looked at, none may find its page here
    code.if(code.op('i32.eqz', code.load('i32.load', cpu, at.oddAccesses)), () => put(view))
  }
  const put = (view: number, tag = code.op('i64.and', linear, code.i64(~0xfffn))) => {
    const entry = tlbEntryOf(code, tlb, linear)
    const before = code.hold(code.load('i64.load', entry, view))
    code.store('i64.store', entry, tag, view)
    code.store('i32.store', entry, code.op('i32.sub', host, code.op('i32.wrap_i64', linear)), view + 8)
    code.store('i32.store', entry, large, view + 12)
    // what takes another's place is in the log already
    const inPage = code.op('i64.and', before, code.i64(0xfffn))
    const wasEmpty = code.op('i32.or', code.op('i64.ne', inPage, code.i64(0n)), code.op('i64.eqz', before))
    code.if(code.op('i32.or', wasEmpty, large), () =>
      logFill(code, cpu, code.op('i32.add', entry, code.i32(view)), large),
    )
  }
  const isPlain = code.op('i32.eqz', code.load('i32.load', cpu, at.oddAccesses))
  code.if(
    isWrite,
    () => {
      const { shared } = map
      if (shared === undefined) code.store('i32.store8', flagsAt, code.op('i32.or', flags, code.i32(pageFlag.dirty)))
      // who is about to decode it asks for this flag after it has said so
      else code.atomic('i32.atomic.rmw8.or_u', flagsAt, code.i32(pageFlag.dirty | pageFlag.written))
      const isOwn = code.op('i32.eqz', has(code, flags, pageFlag.code | pageFlag.monitored))
      const isData =
        shared === undefined ? isOwn : code.op('i32.and', isOwn, code.op('i64.eqz', codersOf(code, page, shared)))
      code.if(code.op('i32.and', isPlain, isData), () => store(tlbKinds.write))
      if (shared !== undefined) return
      const tag = guardedTag(code, linear)
      code.if(code.op('i32.and', isPlain, isGuarded(code, flags)), () => put(tlbKinds.write, tag))
    },
    () =>
      code.if(
        has(code, kind, accessKind.execute),
        () => store(tlbKinds.execute),
        () => code.if(isPlain, () => store(tlbKinds.read)),
      ),
  )
}

/** Who has decoded code of a page. */
const codersOf = (code: Code, page: Node, { coders }: SharedMap): Node =>
  code.load('i64.load', code.op('i32.add', code.op('i32.shl', page, code.i32(Math.log2(coderBytes))), code.i32(coders)))

/** Notes which entry was made, as long as the log has room: emptying the context takes as long as filling it did. */
function logFill(code: Code, cpu: Node, entry: Node, large: Node): void {
  const log = code.hold(code.load('i32.load', cpu, at.fillLog))
  const head = code.hold(code.load('i32.load', log))
  const count = code.hold(code.op('i32.and', head, code.i32(~holdsLargePages)))
  const slot = code.op('i32.add', log, code.op('i32.shl', count, code.i32(2)))
  code.if(code.op('i32.lt_u', count, code.i32(fillLogEntries)), () => code.store('i32.store', slot, entry, 4))
  const more = code.op('i32.add', head, code.op('i32.le_u', count, code.i32(fillLogEntries)))
  const mark = code.select(large, code.i32(holdsLargePages), code.i32(0))
  code.store('i32.store', log, code.op('i32.or', more, mark))
}

/** What is locked and lies askew, or is too long: no other processor may run while it is read and written. */
function stopsOthers(code: Code, linear: Node, kind: Node): Node {
  const bytes = code.op('i32.and', kind, code.i32(accessKind.sizeMask))
  const low = code.op('i32.and', code.op('i32.wrap_i64', linear), code.op('i32.sub', bytes, code.i32(1)))
  const isOdd = code.op('i32.or', code.op('i32.ne', low, code.i32(0)), code.op('i32.gt_u', bytes, code.i32(8)))
  return code.op('i32.and', has(code, kind, accessKind.locked), isOdd)
}

const crosses = (code: Code, linear: Node, kind: Node): Node => {
  const offset = code.op('i32.and', code.op('i32.wrap_i64', linear), code.i32(0xfff))
  return code.op(
    'i32.gt_u',
    code.op('i32.add', offset, code.op('i32.and', kind, code.i32(accessKind.sizeMask))),
    code.i32(4096),
  )
}

/** An access to a device in one piece: of no more bytes than a bus carries, and not in the middle of a delivery, which would give up. */
function isWhole(code: Code, cpu: Node, kind: Node): Node {
  const bytes = code.op('i32.and', kind, code.i32(accessKind.sizeMask))
  const delivers = code.load('i32.load', cpu, at.delivering)
  return code.op('i32.and', code.op('i32.le_u', bytes, code.i32(8)), code.op('i32.eqz', delivers))
}

/** (cpu, record, tlb, linear, kind): host address to read from. Page crossings and devices are odd. */
export function slowReadFunction({ find, oddRead, deviceRead }: MemoryCalls): Code {
  const [code, all] = begun(five)
  const [cpu, record, , linear, kind] = all
  code.store('i32.store', cpu, record, at.record)
  const odd = () => {
    const [host, next] = code.call(oddRead, all, ['i32', 'i32'])
    code.leave(ret, host!, next!)
  }
  code.if(code.op('i32.or', crosses(code, linear, kind), code.load('i32.load', cpu, at.oddAccesses)), odd)
  const [host] = code.call(find, all, ['i32'])
  code.if(code.op('i32.eq', host!, code.i32(noMemory)), () => {
    code.if(isWhole(code, cpu, kind), () => {
      readRegister(code, { cpu, record, kind }, (value) => code.leave(ret, value, record))
      const [next] = code.call(deviceRead, [cpu, record, kind], ['i32'])
      code.leave(ret, code.select(next!, code.load('i32.load', cpu, at.scratch), code.i32(0)), next!)
    })
    odd()
  })
  code.leave(ret, host!, record)
  return code
}

/** The same where only memory will do: 0 for everything odd. */
export function plainReadFunction({ find }: MemoryCalls): Code {
  const [code, all] = begun(five)
  const [cpu, record, , linear, kind] = all
  code.store('i32.store', cpu, record, at.record)
  const odd = () => code.leave(ret, code.i32(0))
  code.if(code.op('i32.or', crosses(code, linear, kind), code.load('i32.load', cpu, at.oddAccesses)), odd)
  const [host] = code.call(find, all, ['i32'])
  code.if(code.op('i32.eq', host!, code.i32(noMemory)), () => {
    code.if(isWhole(code, cpu, kind), () => {
      readRegister(code, { cpu, record, kind }, (value) => code.leave(ret, value))
    })
    odd()
  })
  code.leave(ret, host!)
  return code
}

/** What stores that memory does not take are left to. */
type Beyond = Pick<MemoryCalls, 'oddWrite' | 'deviceWrite'>

/**
 * (cpu, record, tlb, linear, kind): host address to write to; scratch for whatever needs more than a store. In a page that holds
 * code that is where the code is; an access is no longer than a granule, so it lies in one or two. Of many stores, as many bytes as `bulkRoom`
 * says may follow that lie in this page before the next code. With nothing `beyond` memory it is 0 for everything odd.
 */
export function slowWriteFunction(
  map: MemoryMap,
  { find, beyond }: Pick<MemoryCalls, 'find'> & { readonly beyond: Beyond | undefined },
): Code {
  const [code, all] = begun(five)
  const [cpu, record, tlb, linear, kind] = all
  code.store('i32.store', cpu, record, at.record)
  const odd = () => {
    const [scratch] = beyond === undefined ? [code.i32(0)] : code.call(beyond.oddWrite, all, ['i32'])
    code.leave(ret, scratch!)
  }
  code.if(code.op('i32.or', crosses(code, linear, kind), code.load('i32.load', cpu, at.oddAccesses)), odd)
  if (map.shared !== undefined) code.if(stopsOthers(code, linear, kind), odd)
  const found = () => code.call(find, all, ['i32'])[0]!
  const host = map.shared === undefined ? whereStored(code, map, { cpu, tlb, linear }, found) : found()
  code.if(code.op('i32.eqz', host), () => code.leave(ret, code.i32(0)))
  code.if(code.op('i32.eq', host, code.i32(noMemory)), () => {
    code.if(isWhole(code, cpu, kind), () => {
      writeRegister(code, { cpu, record, kind }, (place) => code.leave(ret, place))
      if (beyond === undefined) return
      const [goesOn] = code.call(beyond.deviceWrite, [cpu, record, kind], ['i32'])
      code.leave(ret, code.select(goesOn!, code.load('i32.load', cpu, at.scratch), code.i32(0)))
    })
    odd()
  })
  const granule = (place: Node): Node => {
    const inPage = code.op('i32.and', place, code.i32(0xfff))
    return code.op('i64.extend_i32_u', code.op('i32.shr_u', inPage, code.i32(Math.log2(granuleBytes))))
  }
  const page = code.hold(code.op('i32.shr_u', code.op('i32.sub', host, code.i32(map.memoryBase)), code.i32(12)))
  const flags = code.hold(code.load('i32.load8_u', code.op('i32.add', page, ownPlace(code, map, cpu, map.pageFlags))))
  code.if(has(code, flags, pageFlag.monitored), odd)
  const isBulk = code.hold(has(code, kind, accessKind.bulk))
  code.if(isBulk, () => code.store('i32.store', cpu, code.i32(4096), at.bulkRoom))
  if (map.shared !== undefined) {
    const others = code.op('i64.and', codersOf(code, page, map.shared), code.load('i64.load', cpu, at.otherCoders))
    code.if(code.op('i64.ne', others, code.i64(0n)), odd)
  }
  code.if(has(code, flags, pageFlag.code), () => {
    const bytes = code.op('i32.and', kind, code.i32(accessKind.sizeMask))
    const first = code.hold(granule(host))
    const last = granule(code.op('i32.add', host, code.op('i32.sub', bytes, code.i32(1))))
    const place = code.op('i32.add', code.op('i32.shl', page, code.i32(3)), ownPlace(code, map, cpu, map.granules))
    const granules = code.hold(code.load('i64.load', place))
    const both = code.op('i64.or', code.op('i64.shr_u', granules, first), code.op('i64.shr_u', granules, last))
    const touched = code.op('i32.wrap_i64', code.op('i64.and', both, code.i64(1n)))
    const stales = code.op('i32.and', touched, code.op('i32.eqz', isLive(code, map, { cpu, host: host, bytes })))
    code.if(code.op('i32.or', stales, code.op('i32.and', touched, isBulk)), odd)
    code.if(isBulk, () => {
      const free = code.op('i32.wrap_i64', code.op('i64.ctz', code.op('i64.shr_u', granules, first)))
      const inGranule = code.op('i32.and', host, code.i32(granuleBytes - 1))
      const room = code.op('i32.sub', code.op('i32.mul', free, code.i32(granuleBytes)), inGranule)
      code.store('i32.store', cpu, room, at.bulkRoom)
    })
  })
  code.leave(ret, host)
  return code
}

/** Whether a store is known to touch nothing of code but immediates that are read where they lie. */
function isLive(
  code: Code,
  map: MemoryMap,
  { cpu, host, bytes }: { readonly cpu: Node; readonly host: Node; readonly bytes: Node },
): Node {
  const index = code.op('i32.and', host, code.i32(liveEntries - 1))
  const place = code.op('i32.shl', index, code.i32(Math.log2(liveEntryBytes)))
  const entry = code.hold(code.op('i32.add', place, ownPlace(code, map, cpu, map.live)))
  const isThere = code.op('i32.eq', code.load('i32.load', entry), host)
  return code.op('i32.and', isThere, code.op('i32.ge_u', code.load('i32.load', entry, 4), bytes))
}

interface Checked {
  readonly tlb: Node
  readonly linear: Node
  readonly last: Node
  readonly kind: Node
}

/** Whether the view that the access itself would look at has the page of its first and last byte. */
function isEntered(code: Code, { tlb, linear, last, kind }: Checked): Node {
  const view = code.select(has(code, kind, accessKind.write), code.i32(tlbKinds.write), code.i32(tlbKinds.read))
  const tag = code.hold(code.load('i64.load', code.op('i32.add', tlbEntryOf(code, tlb, linear), view)))
  const inPage = (place: Node) => code.op('i64.lt_u', code.op('i64.xor', place, tag), code.i64(4096n))
  return code.op('i32.and', inPage(linear), inPage(last))
}

/** (cpu, record, tlb, linear, bytes, kind): whether an access of up to a page would succeed. */
export function checkFunction({ fill, deviceReach }: MemoryCalls): Code {
  const [code, [cpu, record, tlb, given, bytes, asked]] = begun(['i32', 'i32', 'i32', 'i64', 'i32', 'i32'])
  const linear = code.hold(maskedAddress(code, cpu, given, asked))
  const last = code.hold(
    code.op('i64.add', linear, code.op('i64.extend_i32_u', code.op('i32.sub', bytes, code.i32(1)))),
  )
  code.if(isEntered(code, { tlb, linear, last, kind: asked }), () => code.leave(ret, code.i32(1)))
  const kind = code.hold(code.op('i32.or', asked, code.i32(accessKind.probe)))
  code.store('i32.store', cpu, record, at.record)
  // what runs out of the canonical addresses is refused before any page is looked at
  refuseNonCanonical(code, cpu, record, last, kind)
  const reached = (from: Node, most: Node) => {
    const [host] = code.call(fill, [cpu, record, tlb, from, kind], ['i32'])
    code.if(code.op('i32.eqz', host!), () => code.leave(ret, code.i32(0)))
    code.if(code.op('i32.eq', host!, code.i32(noMemory)), () => {
      const [may] = code.call(deviceReach, [cpu, most, kind], ['i32'])
      code.if(code.op('i32.eqz', may!), () => code.leave(ret, code.i32(0)))
    })
  }
  const room = code.op('i32.sub', code.i32(4096), code.op('i32.and', code.op('i32.wrap_i64', linear), code.i32(0xfff)))
  const inFirst = code.hold(room)
  reached(linear, code.select(code.op('i32.lt_u', bytes, inFirst), bytes, inFirst))
  const samePage = code.op('i64.lt_u', code.op('i64.xor', last, linear), code.i64(4096n))
  code.if(samePage, () => code.leave(ret, code.i32(1)))
  // a fault in the second page is at its first byte
  const isNarrow = code.op('i64.eqz', code.load('i64.load', cpu, at.canonicalShift))
  const wrapped = code.op('i64.and', last, code.select(isNarrow, code.i64(0xffff_ffffn), code.i64(-1n)))
  const next = code.op('i64.and', wrapped, code.i64(~0xfffn))
  reached(code.hold(next), code.op('i32.sub', bytes, inFirst))
  code.leave(ret, code.i32(1))
  return code
}
