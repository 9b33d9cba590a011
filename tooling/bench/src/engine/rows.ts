import { hash, indirect, integer, interpreter, recursion, sieve } from './guests/computing.ts'
import type { Load } from './guests/guest.ts'
import { chase, memoryLoops, strings } from './guests/memory.ts'
import type { Width } from './guests/words.ts'

/** What a row is about: the limits are for kinds. */
export type Kind = 'compute' | 'float' | 'string' | 'code' | 'system'

/** A guest that is measured. */
export interface Row {
  readonly name: string
  readonly says: string
  readonly kind: Kind
  readonly load: Load
  readonly widths: readonly Width[]
  /** Rounds that any host does in a few tenths of a second at most: measured first, to know how many make a run. */
  readonly few: number
  /** In no mean: what is unfair to a peer and has a fair variant. */
  readonly unfair?: true
}

const both = [32, 64] as const

/** The guests, in the order of the table. */
export const rows: readonly Row[] = [
  { name: 'integer', says: 'integer mix', kind: 'compute', load: integer, widths: both, few: 20 },
  { name: 'sieve', says: 'sieve over 8 MB', kind: 'compute', load: sieve(true), widths: both, few: 1 },
  {
    name: 'sieve-one-root',
    says: 'the same, CR3 never reloaded',
    kind: 'compute',
    load: sieve(false),
    widths: both,
    few: 1,
    unfair: true,
  },
  { name: 'hash', says: 'hash of 64 KiB', kind: 'compute', load: hash, widths: both, few: 100 },
  { name: 'memory', says: 'memory loops', kind: 'compute', load: memoryLoops, widths: both, few: 20 },
  { name: 'chase', says: 'pointer chase over 64 MB', kind: 'compute', load: chase(true), widths: both, few: 5 },
  {
    name: 'chase-one-root',
    says: 'the same, CR3 never reloaded',
    kind: 'compute',
    load: chase(false),
    widths: both,
    few: 5,
    unfair: true,
  },
  { name: 'interpreter', says: 'bytecode interpreter', kind: 'compute', load: interpreter, widths: both, few: 20 },
  { name: 'recursion', says: 'recursive calls', kind: 'compute', load: recursion, widths: both, few: 20 },
  { name: 'indirect', says: 'indirect calls', kind: 'compute', load: indirect, widths: both, few: 20 },
  { name: 'strings', says: 'REP MOVS and STOS', kind: 'string', load: strings, widths: both, few: 20 },
]
