import { headTableBytes } from './passing/heads.ts'
import { templateBytes } from './passing/template.ts'
import { vcpuBytes } from './state-layout.ts'

const KiB = 1 << 10
const MiB = 1 << 20
const pageShift = 12
/** What i32 addresses reach. */
const addressable = 2 ** 32

/**
 * Where everything lies in linear memory: the same for every machine, or as far from where a thread's area begins in every thread of one, so
 * that all share one module. Address 0 is the fault sentinel.
 */
export interface MemoryMap {
  /**
   * Memory slots of each address space: {gpa: u64, bytes: u64, host: u32, flags: u32, pad: 2 × u32}; the count is the word 8
   * bytes before.
   */
  readonly slots: readonly [ordinary: number, smm: number]
  /** How many slots an address space has room for. */
  readonly slotsAtMost: number
  /** 64 bytes for each vCPU, where an access in pieces is put together; a store waits there for its commit. */
  readonly scratches: number
  /** Buckets of the block hash: u32 heads of chains. */
  readonly hash: number
  readonly hashBuckets: number
  /** A byte for each page of guest memory. */
  readonly pageFlags: number
  /** 64 bits for each page of guest memory: which 64 bytes of it hold decoded code. */
  readonly granules: number
  /**
   * Stores to code that make nothing stale: {host: u32, bytes: u32}, by the low bits of the host address.
   */
  readonly live: number
  /** What code that has just been written is first run by: none of it is where processors run at the same time. */
  readonly passing?: PassingMap
  /** Decoded blocks. */
  readonly blocks: { readonly from: number; readonly to: number }
  /** Guest memory, and behind it the vCPUs' blocks. Where a store may wait for its commit is below. */
  readonly memoryBase: number
  /** What processors that run at the same time share beside guest memory; all else that is named here is then one's own. */
  readonly shared?: SharedMap
}

/** Of instructions that are run without a block that is kept. */
export interface PassingMap {
  /** How the head of an instruction is read. */
  readonly heads: number
  /** What is known of instructions by their heads. */
  readonly templates: number
  /** 32 bits for a place where code was run so, and what it was. */
  readonly seen: number
}

/** Where processors find what the others know. */
export interface SharedMap {
  /** 64 bits for each page of guest memory: who has decoded code of it. */
  readonly coders: number
  /** Whose map it is: its bit of those. */
  readonly index: number
  /** Where what is its own begins, with its processors. */
  readonly area: number
  /** How many processors it has room for. */
  readonly vcpus: number
  /** Where they ask things of each other. */
  readonly meeting: number
}

export const slotBytes = 32
export const slotField = { gpa: 0, bytes: 8, host: 16, flags: 20 } as const
export const slotReadOnly = 1
/** Loads from it and stores to it are told before their page enters a view. */
export const slotTold = 2
export const scratchBytes = 64
/** As many vCPUs have their scratch. */
export const vcpusAtMost = 2048

export const liveEntries = 256
export const liveEntryBytes = 8
export const templateEntries = 65536
export const seenEntries = 65536

/** Flags of a page of guest memory. `written`: it may be in a write view; kept only where others must know. */
export const pageFlag = { code: 1, dirty: 2, monitored: 4, written: 8 } as const

/** Guest memory lies on boundaries of large pages. */
const memoryAlignment = 2 * MiB

const slotTables = [4 * KiB, 2 * MiB + 4 * KiB] as const
const scratches = 4 * MiB
const hash = scratches + vcpusAtMost * scratchBytes
const hashBuckets = 1 << 17
const pageFlags = hash + hashBuckets * 4
const granules = pageFlags + addressable / (1 << pageShift)
const live = granules + (addressable / (1 << pageShift)) * 8
const heads = live + liveEntries * liveEntryBytes
const templates = heads + headTableBytes
const seen = templates + templateEntries * templateBytes
const firstBlock = seen + seenEntries * 4
const blocks = { from: firstBlock, to: firstBlock + 48 * MiB }

export const memoryMap: MemoryMap = {
  slots: slotTables,
  slotsAtMost: Math.floor((2 * MiB - 8 * KiB) / slotBytes),
  scratches,
  hash,
  hashBuckets,
  pageFlags,
  granules,
  live,
  passing: { heads, templates, seen },
  blocks,
  memoryBase: Math.ceil(blocks.to / memoryAlignment) * memoryAlignment,
}

/** Bits of a page's coders. */
const threadsAtMost = 64
export const coderBytes = 8
const meetingBytes = 256 * KiB
const wasmPage = 64 * KiB
const scratchesOfThread = 4 * KiB
const vcpusOfThreadAtMost = scratchesOfThread / scratchBytes
/** Slots of each address space of a thread. */
const slotsOfThread = 508
/** Fewer bytes of decoded blocks would be dropped all the time. */
const blocksAtLeast = 2 * MiB

/** How many threads run a guest's processors at the same time, and the guest memory that they share. */
export interface ThreadsSize {
  readonly threads: number
  /** As many processors take turns in each, one unless told. */
  readonly vcpusOfEach?: number
  readonly memoryBytes: number
}

const upTo = (unit: number, bytes: number): number => Math.ceil(bytes / unit) * unit

/** What each of so many threads has to itself, by its distance from the first of its processors, and how far one is from the next. */
function areaOf({ threads, vcpusOfEach = 1, memoryBytes }: ThreadsSize) {
  const pages = Math.ceil(memoryBytes / (1 << pageShift))
  const slots = vcpusOfEach * vcpuBytes + 8 * KiB
  const smmSlots = slots + 16 * KiB
  const scratch = smmSlots + 16 * KiB
  const hash = scratch + scratchesOfThread
  const pageFlags = hash + hashBuckets * 4
  const granules = pageFlags + upTo(4 * KiB, pages)
  const live = granules + upTo(4 * KiB, pages * 8)
  const from = live + 4 * KiB
  const shared = upTo(memoryAlignment, pages * coderBytes + meetingBytes) + memoryAlignment
  const room = (addressable - 2 * wasmPage - shared - upTo(wasmPage, memoryBytes)) / threads - from - wasmPage
  const to = from + Math.min(blocks.to - blocks.from, Math.floor(room / wasmPage) * wasmPage)
  return { slots, smmSlots, scratch, hash, pageFlags, granules, live, blocks: { from, to }, bytes: upTo(wasmPage, to) }
}

/** Whether there is room in one memory for so many threads and so much that they share. */
export function hasRoomFor(size: ThreadsSize): boolean {
  const { from, to } = areaOf(size).blocks
  const fits = size.threads <= threadsAtMost && (size.vcpusOfEach ?? 1) <= vcpusOfThreadAtMost
  return fits && to - from >= blocksAtLeast
}

/** The map of one of so many threads: each has an area like the others', and all have one guest memory. */
export function mapOfThread(index: number, size: ThreadsSize): MemoryMap {
  const area = areaOf(size)
  const own = wasmPage + index * area.bytes
  const meeting = wasmPage + size.threads * area.bytes
  const coders = meeting + meetingBytes
  const pages = Math.ceil(size.memoryBytes / (1 << pageShift))
  return {
    slots: [own + area.slots, own + area.smmSlots],
    slotsAtMost: slotsOfThread,
    scratches: own + area.scratch,
    hash: own + area.hash,
    hashBuckets,
    pageFlags: own + area.pageFlags,
    granules: own + area.granules,
    live: own + area.live,
    blocks: { from: own + area.blocks.from, to: own + area.blocks.to },
    memoryBase: upTo(memoryAlignment, coders + pages * coderBytes),
    shared: { coders, index, area: own, vcpus: size.vcpusOfEach ?? 1, meeting },
  }
}
