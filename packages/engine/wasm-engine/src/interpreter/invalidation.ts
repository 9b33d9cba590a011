import { cr3, cr4 } from '@vmm/x86-registers'
import { masking } from '../code-mode.ts'
import type { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import {
  at,
  fillLogEntries,
  fillLogOffset,
  holdsLargePages,
  jumpEntries,
  jumpEntryBytes,
  tlbContextBytes,
  tlbContexts,
  tlbKinds,
  tlbPrivilegeBytes,
  tlbViewBytes,
} from '../state-layout.ts'
import { tlbEntryMask, tlbIndexOf } from '../tlb-entry.ts'
import { forgetDevicePages } from './device-pages.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const
const privileges = [0, 1, 2] as const
/** CR3 bit 63, as it is given by MOV: translations stay. Source: SDM 3A §4.10.4.1. */
const keeps = 1n << 63n
const pcidMask = 0xfff

/** Asks the surroundings instead. */
export type Ask = (code: Code, cpu: Node, value: Node) => void

/** A context in use: where its entries are, and four times its number. */
interface Context {
  readonly base: Node
  readonly words: Node
}

/**
 * (cpu, linear): translations of one page go, in every context. The surroundings do it where pieces of large pages would have to be
 * looked for, or accesses are watched. What was looked up in a context is forgotten only if code of such a page may be among it:
 * while an execute view has nothing there, nothing was looked up there since everything was forgotten.
 */
export function flushPageFunction(ask: Ask): Code {
  const [code, [cpu, linear]] = begun(['i32', 'i64'])
  const asks = () => {
    ask(code, cpu, linear)
    code.leave(ret)
  }
  code.if(takesMore(code, cpu), asks)
  const index = code.hold(tlbIndexOf(code, linear))
  const empty = code.hold(emptyTag(code, index))
  eachContext(code, cpu, (_, { base, words }) => {
    code.if(code.op('i32.and', code.load('i32.load', base, fillLogOffset), code.i32(holdsLargePages)), asks)
    const entry = code.hold(code.op('i32.add', base, index))
    const looked = privileges
      .map((privilege) => code.load('i64.load', entry, privilege * tlbPrivilegeBytes + tlbKinds.execute))
      .map((tag) => code.op('i64.ne', tag, empty))
      .reduce((any, one) => code.op('i32.or', any, one))
    code.if(looked, () => renew(code, cpu, { base, words }))
    for (let view = 0; view < fillLogOffset; view += tlbViewBytes) code.store('i64.store', entry, empty, view)
  })
  forgetDevicePages(code, cpu)
  countFlush(code, cpu)
  code.leave(ret)
  return code
}

/** (cpu, value): a new CR3, as MOV was given it: the context of its PCID is used, if there is one. */
export function useContextFunction(ask: Ask, modeChanged: number): Code {
  const [code, [cpu, value]] = begun(['i32', 'i64'])
  const asks = () => {
    ask(code, cpu, value)
    code.leave(ret)
  }
  code.if(code.op('i32.or', takesMore(code, cpu), isMaskedAnew(code, cpu, value)), asks)
  const pcide = code.op('i32.and', code.load('i32.load', cpu, at.CR4), code.i32(1 << cr4.PCIDE.low))
  const pcid = code.op('i32.and', code.op('i32.wrap_i64', value), code.i32(pcidMask))
  const space = code.load('i32.load', cpu, at.contextSpace)
  const wanted = code.hold(code.op('i32.or', code.select(pcide, pcid, code.i32(0)), space))
  const isKept = code.op(
    'i32.and',
    code.op('i64.ne', code.op('i64.and', value, code.i64(keeps)), code.i64(0n)),
    code.op('i32.ne', pcide, code.i32(0)),
  )
  const kept = code.hold(isKept)
  eachContext(code, cpu, (tag, context) =>
    code.if(code.op('i32.eq', tag, wanted), () => {
      code.if(code.op('i32.eqz', kept), () => {
        clear(code, context, asks)
        renew(code, cpu, context)
        countFlush(code, cpu)
      })
      enter(code, cpu, context)
      code.call(modeChanged, [cpu], [])
      code.leave(ret)
    }),
  )
  asks()
  return code
}

/** Watched accesses have a context of their own, and generations may have come to their end. */
function takesMore(code: Code, cpu: Node): Node {
  const isWatched = code.op('i32.eqz', code.load('i32.load', cpu, at.plain))
  const last = code.load('i32.load', cpu, at.lastGeneration)
  return code.op('i32.or', isWatched, code.op('i32.ge_u', last, code.i32(-1 - tlbContexts)))
}

/** A CR3 under which other metadata is taken from the addresses of users: what was kept does not count. */
function isMaskedAnew(code: Code, cpu: Node, value: Node): Node {
  const ofUser = masking.u57 | masking.u48
  const wanted = code.op('i32.wrap_i64', code.op('i64.shr_u', value, code.i64(BigInt(cr3.LAM_U57.low))))
  const differs = code.op('i32.xor', wanted, code.load('i32.load', cpu, at.masking))
  return code.op('i32.ne', code.op('i32.and', differs, code.i32(ofUser)), code.i32(0))
}

/** Those that are kept have no negative tag. */
function eachContext(code: Code, cpu: Node, act: (tag: Node, context: Context) => void): void {
  const left = code.local('i32')
  const free = code.hold(signsOfTags(code, cpu))
  left.set(code.op('i32.xor', free, code.i32((1 << tlbContexts) - 1)))
  code.loop(
    () => left.get(),
    () => {
      const index = code.hold(code.op('i32.ctz', left.get()))
      left.set(code.op('i32.and', left.get(), code.op('i32.sub', left.get(), code.i32(1))))
      const words = code.hold(code.op('i32.shl', index, code.i32(2)))
      const entries = code.op('i32.mul', index, code.i32(tlbContextBytes))
      const base = code.hold(code.op('i32.add', code.op('i32.add', cpu, code.i32(at.contexts)), entries))
      act(code.hold(code.load('i32.load', code.op('i32.add', cpu, words), at.contextTags)), { base, words })
    },
  )
}

/** A bit for each context. */
function signsOfTags(code: Code, cpu: Node): Node {
  const lanes = 4
  return Array.from({ length: tlbContexts / lanes }, (_, group) => {
    const tags = code.load('v128.load', cpu, at.contextTags + group * lanes * 4)
    return code.op('i32.shl', code.op('i32x4.bitmask', tags), code.i32(group * lanes))
  }).reduce((all, one) => code.op('i32.or', all, one))
}

/** All ones match no address but the last page's, whose entry is the last one: that one gets a tag of page 0. */
const emptyTag = (code: Code, index: Node): Node =>
  code.select(code.op('i32.eq', index, code.i32(tlbEntryMask)), code.i64(0n), code.i64(-1n))

/** Takes out what was entered; there may have been more than is known of. */
function clear(code: Code, { base }: Context, otherwise: () => void): void {
  const log = code.hold(code.op('i32.add', base, code.i32(fillLogOffset)))
  const count = code.hold(code.op('i32.and', code.load('i32.load', log), code.i32(~holdsLargePages)))
  code.if(code.op('i32.gt_u', count, code.i32(fillLogEntries)), otherwise)
  const at = code.local('i32')
  const end = code.hold(code.op('i32.add', log, code.op('i32.shl', count, code.i32(2))))
  at.set(log)
  code.loop(
    () => code.op('i32.lt_u', at.get(), end),
    () => {
      const entry = code.hold(code.load('i32.load', at.get(), 4))
      const inView = code.op('i32.and', code.op('i32.sub', entry, base), code.i32(tlbViewBytes - 1))
      code.store('i64.store', entry, emptyTag(code, code.hold(inView)))
      at.set(code.op('i32.add', at.get(), code.i32(4)))
    },
  )
  code.store('i32.store', log, code.i32(0))
}

/** What was looked up in a context is of an older generation now. */
function renew(code: Code, cpu: Node, { base, words }: Context): void {
  const generation = code.hold(next(code, cpu, at.lastGeneration))
  code.store('i32.store', code.op('i32.add', cpu, words), generation, at.contextGenerations)
  const isCurrent = code.op('i32.eq', code.load('i32.load', cpu, at.context), base)
  code.if(isCurrent, () => code.store('i32.store', cpu, generation, at.jumpGeneration))
}

/** Translates and looks up in a context from now on. */
function enter(code: Code, cpu: Node, { base, words }: Context): void {
  const place = code.hold(code.op('i32.add', cpu, words))
  code.store('i32.store', place, next(code, cpu, at.contextClock), at.contextStamps)
  const jumpCache = code.op('i32.mul', words, code.i32((jumpEntries * jumpEntryBytes) / 4))
  code.store('i32.store', cpu, base, at.context)
  code.store('i32.store', cpu, code.op('i32.add', base, code.i32(fillLogOffset)), at.fillLog)
  code.store(
    'i32.store',
    cpu,
    code.op('i32.add', code.op('i32.add', cpu, jumpCache), code.i32(at.jumpCaches)),
    at.jumpCache,
  )
  code.store('i32.store', cpu, code.load('i32.load', place, at.contextGenerations), at.jumpGeneration)
}

/** Counts on, and gives the new number. */
function next(code: Code, cpu: Node, place: number): Node {
  const number = code.hold(code.op('i32.add', code.load('i32.load', cpu, place), code.i32(1)))
  code.store('i32.store', cpu, number, place)
  return number
}

function countFlush(code: Code, cpu: Node): void {
  const flushes = code.op('i64.add', code.load('i64.load', cpu, at.tlbFlushes), code.i64(1n))
  code.store('i64.store', cpu, flushes, at.tlbFlushes)
}
