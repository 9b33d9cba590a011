import { patching, writing } from './guests/code.ts'
import { hash, indirect, integer, interpreter, recursion, sieve } from './guests/computing.ts'
import {
  identification,
  interrupts,
  locked,
  memoryMapped,
  pageFaults,
  portReads,
  portWrites,
  rootSwitches,
  systemCalls,
} from './guests/events.ts'
import { packedCached, packedHot, scalarCached, scalarHot, x87Hot } from './guests/floats.ts'
import type { Load } from './guests/guest.ts'
import { chase, memoryLoops, strings } from './guests/memory.ts'
import { alone, contended, parallel } from './guests/two.ts'
import type { Width } from './guests/words.ts'

/** What a row is about: the limits are for kinds. */
export type Kind = 'compute' | 'float' | 'string' | 'code' | 'system' | 'parallel'

/** A guest that is measured. */
export interface Row {
  readonly name: string
  readonly says: string
  readonly kind: Kind
  readonly load: Load
  readonly widths: readonly Width[]
  /** Rounds that any host does in a few tenths of a second at most: measured first, to know how many make a run. */
  readonly few: number
  /** So many times as long as others, if not as its kind: to start two is no part of what is asked. */
  readonly lasts?: number
  /** In no mean: what is unfair to a peer and has a fair variant, or is for a limit of its own. */
  readonly apart?: true
}

const both = [32, 64] as const

/** The guests, in the order of the table. */
export const rows: readonly Row[] = [
  { name: 'integer', says: 'integer mix', kind: 'compute', load: integer, widths: both, few: 80 },
  { name: 'sieve', says: 'sieve over 8 MB', kind: 'compute', load: sieve(true), widths: both, few: 1 },
  {
    name: 'sieve-one-root',
    says: 'the same, CR3 never reloaded',
    kind: 'compute',
    load: sieve(false),
    widths: both,
    few: 1,
    apart: true,
  },
  { name: 'hash', says: 'hash of 64 KiB', kind: 'compute', load: hash, widths: both, few: 800 },
  { name: 'memory', says: 'memory loops', kind: 'compute', load: memoryLoops, widths: both, few: 100 },
  { name: 'chase', says: 'pointer chase over 64 MB', kind: 'compute', load: chase(true), widths: both, few: 3 },
  {
    name: 'chase-one-root',
    says: 'the same, CR3 never reloaded',
    kind: 'compute',
    load: chase(false),
    widths: both,
    few: 3,
    apart: true,
  },
  { name: 'interpreter', says: 'bytecode interpreter', kind: 'compute', load: interpreter, widths: both, few: 40 },
  { name: 'recursion', says: 'recursive calls', kind: 'compute', load: recursion, widths: both, few: 100 },
  { name: 'indirect', says: 'indirect calls', kind: 'compute', load: indirect, widths: both, few: 60 },
  { name: 'strings', says: 'REP MOVS and STOS', kind: 'string', load: strings, widths: both, few: 150 },
  { name: 'scalar', says: 'scalar doubles in registers', kind: 'float', load: scalarHot, widths: both, few: 100 },
  {
    name: 'scalar-cached',
    says: 'scalar doubles in the cache',
    kind: 'float',
    load: scalarCached,
    widths: both,
    few: 60,
  },
  { name: 'packed', says: 'packed doubles in registers', kind: 'float', load: packedHot, widths: both, few: 60 },
  {
    name: 'packed-cached',
    says: 'packed doubles in the cache',
    kind: 'float',
    load: packedCached,
    widths: both,
    few: 100,
  },
  { name: 'x87', says: 'x87 numbers on its stack', kind: 'float', load: x87Hot, widths: [32], few: 20 },
  { name: 'int80', says: 'INT 80H round trips', kind: 'system', load: interrupts, widths: both, few: 200_000 },
  { name: 'syscall', says: 'SYSCALL round trips', kind: 'system', load: systemCalls, widths: [64], few: 400_000 },
  { name: 'faults', says: 'page faults', kind: 'system', load: pageFaults, widths: both, few: 50 },
  { name: 'cr3', says: 'CR3 switches, 16 pages each', kind: 'system', load: rootSwitches, widths: both, few: 40 },
  { name: 'patching', says: 'self-modifying code', kind: 'code', load: patching, widths: both, few: 15 },
  { name: 'writing', says: 'fresh functions, each called once', kind: 'system', load: writing, widths: both, few: 20 },
  { name: 'port-writes', says: 'port writes', kind: 'system', load: portWrites, widths: both, few: 500 },
  { name: 'port-reads', says: 'port reads', kind: 'system', load: portReads, widths: both, few: 300 },
  { name: 'mmio', says: 'local APIC accesses', kind: 'system', load: memoryMapped, widths: both, few: 200 },
  { name: 'cpuid', says: 'CPUID', kind: 'system', load: identification, widths: both, few: 1000 },
  { name: 'locked', says: 'locked operations, 1 CPU', kind: 'system', load: locked, widths: both, few: 500 },
  { name: 'locked-two', says: 'locked operations, 2 CPUs', kind: 'system', load: contended, widths: [64], few: 400 },
  {
    name: 'alone',
    says: 'parallel work, 1 CPU',
    kind: 'parallel',
    load: alone,
    widths: [64],
    few: 100,
    lasts: 12,
    apart: true,
  },
  {
    name: 'parallel',
    says: 'parallel work, 2 CPUs',
    kind: 'parallel',
    load: parallel,
    widths: [64],
    few: 100,
    lasts: 12,
    apart: true,
  },
]
