import type { MemorySlot } from '@vmm/wasm-engine'
import { type Memslot, memReadonly } from '../rules/set-user-memory-region/case.ts'
import type { GuestMemfd } from './guest-memfd.ts'
import type { PageRanges, PageRun } from './page-ranges.ts'
import type { UserMappings } from './user-mappings.ts'

const pageShift = 12

/** What a slot's memory is made of. */
export interface Backing {
  readonly mappings: UserMappings
  readonly privatePages: PageRanges
  readonly memfd: GuestMemfd | undefined
  /** Somebody wants to know of its written pages. */
  readonly logged: boolean
}

/** The pieces of a slot that are memory to the guest. What is in none of them is nowhere. */
export function shownPieces(slot: Memslot, backing: Backing): readonly MemorySlot[] {
  const from = pageOf(slot.guest_phys_addr)
  const runs = backing.privatePages.runs({ from, to: from + pageOf(slot.memory_size) })
  return runs.flatMap((run) =>
    run.inSet || backing.memfd?.isAll === true
      ? privatePieces(run, from, slot, backing)
      : sharedPieces(run, from, slot, backing),
  )
}

/** The number of an address's page. */
export const pageOf = (address: bigint | number): number => Number(BigInt(address) >> BigInt(pageShift))

function privatePieces(run: PageRun, first: number, slot: Memslot, { memfd }: Backing): readonly MemorySlot[] {
  if (memfd?.offset === undefined) return []
  const offset = memfd.offset + Number(slot.guest_memfd_offset ?? 0n) + (run.from - first) * 4096
  return [{ address: run.from * 4096, bytes: (run.to - run.from) * 4096, offset }]
}

function sharedPieces(
  run: PageRun,
  first: number,
  slot: Memslot,
  { mappings, logged }: Backing,
): readonly MemorySlot[] {
  const readOnly = (slot.flags & memReadonly) !== 0
  const begin = slot.userspace_addr + BigInt(run.from - first) * 4096n
  return mappings.within(begin, BigInt(run.to - run.from) * 4096n).map((piece) => ({
    address: run.from * 4096 + Number(piece.address - begin),
    bytes: piece.bytes,
    offset: piece.offset,
    readOnly: readOnly || !piece.writable,
    told: logged && !readOnly && piece.writable,
  }))
}
