import { exceptions } from '@vmm/x86-registers'
import { accessKind } from '../access.ts'
import { Code } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { MemoryMap } from '../memory-map.ts'
import { ownPlace } from '../own-place.ts'
import { noMemory, status } from '../runtime.ts'
import { astrideBlocks, astrideBytes, at, inAstride, inBlock, tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'
import { noteFault } from './memory.ts'
import { passIfNew } from './pass.ts'

const ret = { kind: 'return' } as const

/** With a block: it is for this time, being of an instruction that lies in two pages, the second of which is where it was, or of one that passes. */
const unremembered = 1

interface Astride {
  readonly cpu: Node
  readonly tlb: Node
  readonly linear: Node
  readonly host: Node
  readonly mode: Node
  readonly fill: number
}

function findAstride(code: Code, { cpu, tlb, linear, host, mode, fill }: Astride, give: (block: Node) => void): void {
  const index = code.op('i32.and', code.op('i32.shr_u', host, code.i32(12)), code.i32(astrideBlocks - 1))
  const place = code.hold(code.op('i32.add', cpu, code.op('i32.mul', index, code.i32(astrideBytes))))
  const known = (field: keyof typeof inAstride) => code.load('i32.load', place, at.astride + inAstride[field])
  const block = code.hold(known('block'))
  const isThere = [
    code.op('i32.eq', known('host'), host),
    code.op('i32.eq', known('mode'), mode),
    code.op('i32.eq', code.load('i32.load', block, inBlock.mode), mode),
  ].reduce((all, one) => code.op('i32.and', all, one))
  code.if(isThere, () => {
    const behind = code.op('i64.add', code.op('i64.or', linear, code.i64(0xfffn)), code.i64(1n))
    const next = code.hold(code.op('i64.and', behind, code.load('i64.load', cpu, at.codeMask)))
    const entry = tlbEntryOf(code, tlb, next)
    const second = code.local('i32')
    const isNear = code.op('i64.eq', next, code.load('i64.load', entry, tlbKinds.execute))
    code.if(
      isNear,
      () =>
        second.set(
          code.op('i32.add', code.op('i32.wrap_i64', next), code.load('i32.load', entry, tlbKinds.execute + 8)),
        ),
      () => second.set(code.call(fill, [cpu, code.i32(0), tlb, next, code.i32(accessKind.execute | 1)], ['i32'])[0]!),
    )
    code.if(code.op('i32.eq', second.get(), known('second')), () => give(block))
  })
}

/** Finds the block at RIP: execute view, then the hash by host address and mode. */
export function findBlockFunction(map: MemoryMap, fill: number, pass: number | undefined): Code {
  const code = new Code(['i32'])
  const cpu = code.fixedLocal(0)
  const give = (block: Node, why: number) => code.leave(ret, block, code.i32(why))
  const rip = code.load('i64.load', cpu, at.RIP)
  const linear = code.hold(
    code.op(
      'i64.and',
      code.op('i64.add', rip, code.load('i64.load', cpu, at.codeBase)),
      code.load('i64.load', cpu, at.codeMask),
    ),
  )
  const miss = () => {
    code.store('i32.store', cpu, code.i32(0), at.missHost)
    give(code.i32(0), status.miss)
  }
  respectLimit(code, cpu, linear, miss, () => give(code.i32(0), status.fetchFault))
  const tlb = code.hold(code.load('i32.load', cpu, at.tlb))
  const entry = tlbEntryOf(code, tlb, linear)
  const host = code.local('i32')
  const hit = code.op(
    'i64.lt_u',
    code.op('i64.xor', linear, code.load('i64.load', entry, tlbKinds.execute)),
    code.i64(4096n),
  )
  code.if(
    hit,
    () =>
      host.set(code.op('i32.add', code.op('i32.wrap_i64', linear), code.load('i32.load', entry, tlbKinds.execute + 8))),
    () => {
      const [filled] = code.call(fill, [cpu, code.i32(0), tlb, linear, code.i32(accessKind.execute | 1)], ['i32'])
      code.if(code.op('i32.eqz', filled!), () => give(code.i32(0), status.fetchFault))
      code.if(code.op('i32.eq', filled!, code.i32(noMemory)), miss)
      host.set(filled!)
    },
  )
  const mode = code.hold(code.load('i32.load', cpu, at.mode))
  const block = code.local('i32')
  block.set(code.load('i32.load', bucketOf(code, map, { cpu, host: host.get(), mode })))
  code.loop(
    () => block.get(),
    () => {
      const same = code.op(
        'i32.and',
        code.op('i32.eq', code.load('i32.load', block.get(), inBlock.host), host.get()),
        code.op('i32.eq', code.load('i32.load', block.get(), inBlock.mode), mode),
      )
      code.if(same, () => give(block.get(), 0))
      block.set(code.load('i32.load', block.get(), inBlock.chain))
    },
  )
  findAstride(code, { cpu, tlb, linear, host: host.get(), mode, fill }, (found) => give(found, unremembered))
  if (pass !== undefined) {
    const looked = { cpu, tlb, linear, host: code.hold(host.get()), mode }
    passIfNew(code, map, looked, { pass, give: (found) => give(found, unremembered) })
  }
  code.store('i32.store', cpu, host.get(), at.missHost)
  give(code.i32(0), status.miss)
  return code
}

/**
 * Outside 64-bit code: what begins past the limit of CS is #GP(0). Where the limit is on this page instructions are
 * taken one by one, each looked at. Source: SDM 3A §5.3.
 */
function respectLimit(code: Code, cpu: Node, linear: Node, oneByOne: () => void, faulted: () => void): void {
  code.if(code.op('i64.ne', code.load('i64.load', cpu, at.codeMask), code.i64(-1n)), () => {
    const rip = code.hold(code.load('i64.load', cpu, at.RIP))
    const limit = code.hold(code.load('i64.load32_u', cpu, at['CS.limit']))
    code.if(code.op('i64.gt_u', rip, limit), () => {
      noteFault(code, cpu, code.i32(exceptions.GP.vector), code.i32(0))
      faulted()
    })
    const room = code.op('i64.xor', code.op('i64.and', linear, code.i64(0xfffn)), code.i64(0xfffn))
    code.if(code.op('i64.lt_u', code.op('i64.sub', limit, rip), room), oneByOne)
  })
}

/** Address of the bucket of a block; `bucketIndex` computes the same number in TypeScript. */
function bucketOf(
  code: Code,
  map: MemoryMap,
  { cpu, host, mode }: { readonly cpu: Node; readonly host: Node; readonly mode: Node },
): Node {
  const mixed = code.op(
    'i32.mul',
    code.op('i32.xor', host, code.op('i32.shl', mode, code.i32(20))),
    code.i32(hashFactor),
  )
  const index = code.op('i32.shr_u', mixed, code.i32(32 - Math.log2(map.hashBuckets)))
  return code.op('i32.add', code.op('i32.shl', index, code.i32(2)), ownPlace(code, map, cpu, map.hash))
}

const hashFactor = 0x9e37_79b1 | 0

/** Which bucket a block belongs in. */
export function bucketIndex(map: MemoryMap, host: number, mode: number): number {
  return Math.imul(host ^ (mode << 20), hashFactor) >>> (32 - Math.log2(map.hashBuckets))
}
