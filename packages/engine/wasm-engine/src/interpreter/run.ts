import { rflags } from '@vmm/x86-registers'
import { Code, type Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import { isOfJump, jumpEntryOf } from '../jump-cache.ts'
import type { MemoryMap } from '../memory-map.ts'
import { limited, resumes } from '../mode-word.ts'
import { ownPlace } from '../own-place.ts'
import { firstRecord, handlerType, noRegion, type RuntimeIndices, regionType, status } from '../runtime.ts'
import {
  at,
  blockHeadBytes,
  inBlock,
  inJumpEntry,
  inRecord,
  jumpEntries,
  linkInRecord,
  recordBytes,
} from '../state-layout.ts'

import { passingRecord } from './pass.ts'

const ret = { kind: 'return' } as const
const nextBlock = { kind: 'again', loop: 'block' } as const
const nextRecord = { kind: 'again', loop: 'record' } as const

/** Handler numbers that the run loop itself takes. */
export const builtIn = { endOfBlock: 0, resync: 1, resumed: 2, pass: 3 } as const
export const firstHandler = 4

/** What a handler inside the run loop needs: where its locals are, and how it leaves. */
export interface Inline {
  readonly code: Code
  readonly cpu: Node
  readonly record: ReturnType<Code['local']>
  readonly tlb: Node
  /** Where the block is noted that is entered next, once it is known. */
  readonly link: ReturnType<Code['local']>
}

/** What is counted beside instructions: how often each block is entered, and so how often its handlers run. */
export type Counts = 'nothing' | 'handlers'

/** What a run loop is made for. */
export interface LoopOptions {
  readonly counts: Counts
  /** The number of its first handler: those between the loop's own and this one are another loop's. */
  readonly first: number
  /** Says where blocks lie that are kept. */
  readonly map: MemoryMap
  /** Whether blocks that are entered often become part of regions. */
  readonly regions: boolean
}

/** The table that regions are called through: the second one of a module. */
const regionTable = 1

/** The place of a handler among the cases of a loop. */
const caseOf = (number: number, first: number, inline: number): number => {
  if (number < firstHandler) return number
  return number < first ? firstHandler + inline : number - first + firstHandler
}

/** Emits a handler into the run loop. It must leave on every path: `next`, `jumped` or a status. */
export type InlineHandler = (inline: Inline) => void

export const leaveTo = {
  next: ({ code, record }: Inline) => {
    record.set(code.op('i32.add', record.get(), code.i32(recordBytes)))
    code.leave(nextRecord)
  },
  /** To the same record. */
  again: ({ code }: Inline) => code.leave(nextRecord),
  /** To wherever RIP says, by no way that could be remembered. */
  jumped: ({ code, cpu, link }: Inline) => {
    link.set(code.op('i32.add', cpu, code.i32(at.noLink)))
    code.leave(nextBlock)
  },
  /** By a way that is the same each time. */
  linked: ({ code }: Inline) => code.leave(nextBlock),
  status: ({ code }: Inline, value: number) => code.leave(ret, code.i32(value)),
}

/**
 * The interpreter: looks blocks up, counts their instructions off the budget, and runs their records until a handler
 * gives a status that needs TypeScript.
 */
export function runBlocksFunction(
  { findBlock, pass }: Pick<RuntimeIndices, 'findBlock' | 'pass'>,
  inline: readonly InlineHandler[],
  options: LoopOptions,
): Code {
  const code = new Code(['i32', 'i32'])
  const cpu = code.fixedLocal(0)
  const block = code.variable(1)
  const record = code.local('i32')
  const tlb = code.local('i32')
  const link = code.local('i32')
  const cold = code.local('i32')
  const { first } = options
  link.set(code.op('i32.add', cpu, code.i32(at.noLink)))
  code.forever('block', () => {
    code.if(code.op('i32.eqz', block.get()), () => enterBlock({ code, cpu, block, link, cold, findBlock, ...options }))
    tlb.set(code.load('i32.load', cpu, at.tlb))
    record.set(code.op('i32.add', block.get(), code.i32(blockHeadBytes)))
    block.set(code.i32(0))
    code.forever('record', () => {
      const here: Inline = { code, cpu, record, tlb: tlb.get(), link }
      const own = [endOfBlock, resync, resumed, passOn(pass)]
      const cases = [...own, ...inline].map((handler) => () => handler({ ...here, tlb: tlb.get() }))
      const targets = Array.from({ length: first + inline.length }, (_, number) => caseOf(number, first, inline.length))
      const handler = code.load('i32.load16_u', record.get(), inRecord.handler)
      code.switch(handler, cases, () => outOfLine(here), targets)
    })
  })
  return code
}

interface Entering extends LoopOptions {
  readonly code: Code
  readonly cpu: Node
  readonly block: Local
  readonly link: Local
  /** Not zero where the next block must not be entered by its region. */
  readonly cold: Local
  readonly findBlock: number
}

/** By the link, or by the jump cache, or by the hash; then the budget pays for the whole block. */
function enterBlock(entering: Entering): void {
  const { code, cpu, block, link, counts } = entering
  const rip = code.hold(code.load('i64.load', cpu, at.RIP))
  const linked = code.hold(code.load('i32.load', link.get()))
  code.if(
    isFresh(code, cpu, linked),
    () => block.set(linked),
    () => {
      lookUp(entering, rip)
      code.if(mayLink(entering, rip), () => code.store('i32.store', link.get(), block.get()))
    },
  )
  const left = code.hold(
    code.op('i32.sub', code.load('i32.load', cpu, at.budget), code.load('i32.load', block.get(), inBlock.count)),
  )
  code.if(code.op('i32.lt_s', left, code.i32(0)), () => code.leave(ret, code.i32(status.budget)))
  if (entering.regions) heat(entering)
  code.store('i32.store', cpu, left, at.budget)
  if (counts === 'handlers') {
    const runs = code.op('i32.add', code.load('i32.load', block.get(), inBlock.runs), code.i32(1))
    code.store('i32.store', block.get(), runs, inBlock.runs)
  }
  code.store('i64.store', cpu, rip, at.blockRip)
  code.store('i32.store', cpu, block.get(), at.block)
}

/** Each entry brings a block nearer to being hot. One that a region is entered at is run by that, unless the region has just declined. */
function heat({ code, cpu, block, link, cold }: Entering): void {
  const heat = code.hold(code.load('i32.load', block.get(), inBlock.heat))
  code.if(
    heat,
    () => code.store('i32.store', block.get(), code.op('i32.sub', heat, code.i32(1)), inBlock.heat),
    () => {
      const region = code.hold(code.load('i32.load', block.get(), inBlock.region))
      code.if(code.op('i32.eqz', region), () => {
        code.store('i32.store', cpu, block.get(), at.block)
        code.leave(ret, code.i32(status.hot))
      })
      const declined = code.op('i32.or', cold.get(), code.op('i32.eq', region, code.i32(noRegion)))
      code.if(code.op('i32.eqz', declined), () => {
        const before = code.hold(code.load('i32.load', cpu, at.budget))
        const slot = code.op('i32.sub', region, code.i32(1))
        const tlb = code.load('i32.load', cpu, at.tlb)
        const [how] = code.callTable(regionType, slot, [cpu, tlb, block.get()], regionTable)
        const count = (place: number, by: Node) =>
          code.store(
            'i64.store',
            cpu,
            code.op('i64.add', code.load('i64.load', cpu, place), code.op('i64.extend_i32_u', by)),
            place,
          )
        count(at.regionsEntered, code.i32(1))
        count(at.regionsDeclined, how!)
        const retired = code.hold(code.op('i32.sub', before, code.load('i32.load', cpu, at.budget)))
        count(at.regionsRetired, retired)
        // a region that has done nothing has left the block to us, be it for want of budget: it is paid for by more than a block
        const inVain = code.hold(code.op('i32.eqz', retired))
        cold.set(code.op('i32.or', how!, inVain))
        leaveVainly(code, block.get(), code.op('i32.and', how!, inVain))
        block.set(code.i32(0))
        link.set(code.op('i32.add', cpu, code.i32(at.noLink)))
        code.leave(nextBlock)
      })
    },
  )
  cold.set(code.i32(0))
}

/** A region that was left so often before the first instruction of a block, and never behind it meanwhile, is of no use to that. */
const vainAtMost = 64

function leaveVainly(code: Code, block: Node, isVain: Node): void {
  const times = code.hold(code.load('i32.load', block, inBlock.vain))
  code.if(
    isVain,
    () => {
      code.store('i32.store', block, code.op('i32.add', times, code.i32(1)), inBlock.vain)
      const isEnough = code.op('i32.ge_u', times, code.i32(vainAtMost))
      code.if(isEnough, () => code.store('i32.store', block, code.i32(noRegion), inBlock.region))
    },
    () => code.if(times, () => code.store('i32.store', block, code.i32(0), inBlock.vain)),
  )
}

/** What is not stale is of a mode, and none is 0, where there is no block. */
const isFresh = (code: Code, cpu: Node, block: Node): Node =>
  code.op('i32.eq', code.load('i32.load', block, inBlock.mode), code.load('i32.load', cpu, at.mode))

/** What a block that RF is set for is kept by in the jump cache, beside its address: no address is so far from another. */
const apartForResuming = (1n << 63n) | BigInt(jumpEntries / 2)

function lookUp({ code, cpu, block, link, findBlock }: Entering, address: Node): void {
  const isResuming = code.op('i32.and', code.load('i32.load', cpu, at.mode), code.i32(resumes))
  const apart = code.select(isResuming, code.i64(BigInt.asIntN(64, apartForResuming)), code.i64(0n))
  const rip = code.hold(code.op('i64.xor', address, apart))
  const entry = jumpEntryOf(code, cpu, rip)
  const cached = code.hold(code.load('i32.load', entry, inJumpEntry.block))
  code.if(
    code.op('i32.and', isOfJump(code, cpu, { entry, rip }), isFresh(code, cpu, cached)),
    () => block.set(cached),
    () => {
      // nothing is fetched before it is its turn: an event that comes at this count goes first
      code.if(code.op('i32.le_s', code.load('i32.load', cpu, at.budget), code.i32(0)), () =>
        code.leave(ret, code.i32(status.budget)),
      )
      const [found, why] = code.call(findBlock, [cpu], ['i32', 'i32'])
      code.if(code.op('i32.eqz', found!), () => code.leave(ret, why!))
      code.if(
        why!,
        // its other page must be looked at each time
        () => link.set(code.op('i32.add', cpu, code.i32(at.noLink))),
        () => {
          code.store('i64.store', entry, rip, inJumpEntry.rip)
          code.store('i32.store', entry, found!, inJumpEntry.block)
          code.store('i32.store', entry, code.load('i32.load', cpu, at.jumpGeneration), inJumpEntry.generation)
        },
      )
      block.set(found!)
    },
  )
}

/**
 * A way within a page is the same whatever the page is called; it is not one where CS has a limit to be looked at, nor from a
 * block that is not kept.
 */
function mayLink({ code, cpu, link, map }: Entering, rip: Node): Node {
  const base = code.hold(code.load('i64.load', cpu, at.codeBase))
  const from = code.op('i64.add', code.load('i64.load', cpu, at.blockRip), base)
  const apart = code.op('i64.xor', from, code.op('i64.add', rip, base))
  const inPage = code.op('i64.lt_u', apart, code.i64(4096n))
  const isLimited = code.op('i32.and', code.load('i32.load', cpu, at.mode), code.i32(limited))
  const { blocks } = map
  const inBlocks = code.op('i32.sub', link.get(), ownPlace(code, map, cpu, blocks.from))
  const isKept = code.op('i32.lt_u', inBlocks, code.i32(blocks.to - blocks.from))
  return code.op('i32.and', code.op('i32.and', inPage, isKept), code.op('i32.eqz', isLimited))
}

/** The block ran off its end: the next one begins at its end's offset. */
function fallThrough({ code, cpu, record }: Inline): void {
  const distance = code.op('i64.extend_i32_u', code.load('i32.load16_u', record.get(), inRecord.offset))
  const rip = code.op('i64.add', code.load('i64.load', cpu, at.blockRip), distance)
  code.store('i64.store', cpu, code.op('i64.and', rip, code.load('i64.load', cpu, at.codeMask)), at.RIP)
}

const endOfBlock: InlineHandler = (inline) => {
  fallThrough(inline)
  const { code, record, link } = inline
  link.set(code.op('i32.add', record.get(), code.i32(linkInRecord.next)))
  leaveTo.linked(inline)
}

/** An instruction has passed that leaves everything as it is for the next one: that passes too, if it can. */
const passOn =
  (pass: number): InlineHandler =>
  (inline) => {
    fallThrough(inline)
    const { code, cpu, record, link } = inline
    const left = code.hold(code.op('i32.sub', code.load('i32.load', cpu, at.budget), code.i32(1)))
    code.if(code.op('i32.lt_s', left, code.i32(0)), () => leaveTo.status(inline, status.budget))
    const length = code.load('i32.load16_u', record.get(), inRecord.offset)
    const next = code.op('i32.add', code.load('i32.load', cpu, at.passing + inBlock.host), length)
    const [passes] = code.call(pass, [cpu, next, code.load('i32.load', cpu, at.mode)], ['i32'])
    code.if(passes!, () => {
      code.store('i32.store', cpu, left, at.budget)
      code.store('i64.store', cpu, code.load('i64.load', cpu, at.RIP), at.blockRip)
      record.set(code.op('i32.add', cpu, code.i32(passingRecord)))
      code.leave(nextRecord)
    })
    link.set(code.op('i32.add', cpu, code.i32(at.noLink)))
    leaveTo.linked(inline)
  }

/** The one instruction that RF was for is complete: RF goes. */
const resumed: InlineHandler = (inline) => {
  const { code, cpu } = inline
  const flags = code.op('i64.and', code.load('i64.load', cpu, at.RFLAGS), code.i64(~(1n << BigInt(rflags.RF.low))))
  code.store('i64.store', cpu, flags, at.RFLAGS)
  code.store('i32.store', cpu, code.op('i32.and', code.load('i32.load', cpu, at.mode), code.i32(~resumes)), at.mode)
  endOfBlock(inline)
}

/** An instruction asked for its block to end: those not run are paid back. */
const resync: InlineHandler = (inline) => {
  const { code, cpu, record } = inline
  fallThrough(inline)
  const block = code.load('i32.load', cpu, at.block)
  const unused = code.op(
    'i32.sub',
    code.load('i32.load', block, inBlock.count),
    code.load('i32.load8_u', record.get(), inRecord.index),
  )
  code.store('i32.store', cpu, code.op('i32.add', code.load('i32.load', cpu, at.budget), unused), at.budget)
  leaveTo.status(inline, status.resync)
}

/** A handler of the table: it gives the next record, or a status. */
function outOfLine(inline: Inline): void {
  const { code, cpu, record, tlb } = inline
  const slot = code.load('i32.load16_u', record.get(), inRecord.handler)
  const [next] = code.callTable(handlerType, slot, [cpu, record.get(), tlb])
  code.if(code.op('i32.ge_u', next!, code.i32(firstRecord)), () => {
    record.set(next!)
    code.leave(nextRecord)
  })
  code.if(code.op('i32.eq', next!, code.i32(status.jumped)), () => leaveTo.jumped(inline))
  code.leave(ret, next!)
}
