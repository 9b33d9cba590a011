import type { StateField } from '@vmm/x86-registers'

/** Guest-physical memory of every case: memory, a ROM, a place for page tables; guards on both sides that nobody can reach. */
export const regions = [
  { address: 0x2000_0000_0000, bytes: 0x1000, readOnly: false },
  { address: 0, bytes: 0x2_0000, readOnly: false },
  { address: 0x10_0000, bytes: 0x4000, readOnly: true },
  { address: 0x100_0000, bytes: 0x8000, readOnly: false },
  { address: 0x2000_1000_0000, bytes: 0x1000, readOnly: false },
] as const

/** Places in `regions`. */
export const region = { guardBefore: 0, memory: 1, rom: 2, tables: 3, guardBehind: 4 } as const

/** Where a case begins: all of a vCPU's state and memory. */
export interface Image {
  /** What it is, for who reads about it. */
  readonly title: string
  readonly fields: ReadonlyMap<StateField, bigint>
  readonly gprs: readonly bigint[]
  readonly rflags: bigint
  readonly vectors: readonly bigint[]
  readonly x87: readonly bigint[]
  /** An event that is delivered when the budget is spent: its vector and `eventKind`. */
  readonly event?: { readonly vector: number; readonly kind: number } | undefined
  /** Content of each region. */
  readonly memory: readonly Uint8Array[]
}
