import { integer } from '../engine/guests/computing.ts'
import type { Load } from '../engine/guests/guest.ts'
import { chase } from '../engine/guests/memory.ts'
import { walks } from './in-l2.ts'

/** A load that is done in L1 and in L2. */
export interface NestedRow {
  readonly name: string
  readonly load: Load
  readonly rounds: number
  /** The most that L2 may take, in times of L1. */
  readonly atMost: number
}

/** What a guest of a guest loses. The limits are those that were set for it. */
export const nestedRows: readonly NestedRow[] = [
  { name: 'integer code', load: integer, rounds: 200, atMost: 1 / 0.9 },
  { name: 'walks of pages that are in no TLB', load: walks, rounds: 1000, atMost: 2.5 },
  { name: 'pointer chase over 64 MB', load: chase(false), rounds: 60, atMost: 1.5 },
]

/** Times that L2 leaves for CPUID, so many that what V8 takes to compile who answers them is a small part; and microseconds that one of them may take. */
export const exitRow = { name: 'exit for CPUID and entry', rounds: 4_000_000, underKvm: 20_000, atMost: 3 } as const

/** Times of L1's boot that L2's may take. */
export const bootRow = { name: 'Linux from start to shell', atMost: 4 } as const
