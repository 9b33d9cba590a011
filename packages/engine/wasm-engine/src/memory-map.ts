import { vcpuBytes } from './state-layout.ts'

const MiB = 1 << 20
const pageShift = 12

/** Where everything lies in linear memory. Address 0 is the fault sentinel. */
export interface MemoryMap {
  /** Memory slots: {gpa: u64, bytes: u64, host: u32, flags: u32, pad: 2 × u32}; the count is the word before. */
  readonly slots: number
  readonly vcpu: number
  /** Buckets of the block hash: u32 heads of chains. */
  readonly hash: number
  readonly hashBuckets: number
  /** A byte for each page of guest memory. */
  readonly pageFlags: number
  /** 64 bits for each page of guest memory: which 64 bytes of it hold decoded code. */
  readonly granules: number
  readonly blocks: number
  readonly blocksEnd: number
  /** Guest memory; everything below is ours. */
  readonly memoryBase: number
  readonly bytes: number
}

export const slotBytes = 32
export const slotField = { gpa: 0, bytes: 8, host: 16, flags: 20 } as const
export const slotReadOnly = 1
/** Every store to it is told, the first to a page before it enters a write view. */
export const slotTold = 2

/** Flags of a page of guest memory. */
export const pageFlag = { code: 1, dirty: 2, monitored: 4 } as const

/** Lays out linear memory for one machine. `guestBytes` is the sum of all memory slots. */
export function memoryMap(guestBytes: number, vcpus: number, blockBytes = 48 * MiB): MemoryMap {
  const slots = 4096
  const vcpu = vcpuBytes
  const hash = vcpu + vcpus * vcpuBytes
  const hashBuckets = 1 << 17
  const pageFlags = hash + hashBuckets * 4
  const granules = (pageFlags + (guestBytes >>> pageShift) + 63) & ~63
  const blocks = (granules + (guestBytes >>> pageShift) * 8 + 63) & ~63
  const blocksEnd = blocks + blockBytes
  const memoryBase = Math.ceil(blocksEnd / (2 * MiB)) * 2 * MiB
  const bytes = memoryBase + guestBytes
  return { slots, vcpu, hash, hashBuckets, pageFlags, granules, blocks, blocksEnd, memoryBase, bytes }
}
