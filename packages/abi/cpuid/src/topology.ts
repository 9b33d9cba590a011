import type { Cache } from './cpu-models.rows.ts'
import { type CpuidEntry, type CpuidTable, entry } from './entry.ts'

/** The shape of a guest: one package, one thread a core. */
export interface Topology {
  /** Logical processors. */
  readonly cpus: number
  /** The x2APIC ID of the one this table is for. */
  readonly apicId: number
}

const lineBytes = 64
const cacheTypes = { data: 1, instruction: 2, unified: 3 } as const

/** Bits of an APIC ID that number the cores of the package. */
function coreBits(cpus: number): number {
  return Math.ceil(Math.log2(Math.max(1, cpus)))
}

/** EBX of leaf 01H without the brand index. Source: SDM 2A §3.3 CPUID, Figure 3-6 and Table 3-9. */
export function leaf01Ebx({ cpus, apicId }: Topology): number {
  const addressable = Math.min(0xff, 2 ** coreBits(cpus))
  return (((apicId & 0xff) << 24) | (addressable << 16) | ((lineBytes / 8) << 8)) >>> 0
}

/** Leaf 04H: a sub-leaf for each cache, and the one of type 0 that ends them. */
export function cacheEntries(caches: readonly Cache[], { cpus }: Topology): readonly CpuidEntry[] {
  const cores = Math.min(63, 2 ** coreBits(cpus) - 1)
  const described = caches.map(({ level, kind, kilobytes, ways, sharedBy }, index) => {
    const sharing = sharedBy === 'package' ? Math.min(0xfff, 2 ** coreBits(cpus) - 1) : 0
    const sets = (kilobytes * 1024) / (ways * lineBytes)
    const eax = cacheTypes[kind] | (level << 5) | (1 << 8) | (sharing << 14) | (cores << 26)
    return entry(0x04, { eax, ebx: (lineBytes - 1) | ((ways - 1) << 22), ecx: sets - 1 }, index)
  })
  return [...described, entry(0x04, {}, caches.length)]
}

/** Leaf 0BH: the domains logical processor and core, and the sub-leaf of type 0 that ends them. */
export function topologyEntries({ cpus, apicId }: Topology): readonly CpuidEntry[] {
  return [
    entry(0x0b, { eax: 0, ebx: 1, ecx: 0x100, edx: apicId }, 0),
    entry(0x0b, { eax: coreBits(cpus), ebx: cpus, ecx: 0x201, edx: apicId }, 1),
    entry(0x0b, { ecx: 2, edx: apicId }, 2),
  ]
}

/** ECX of leaf 80000006H for the second-level cache. Source: SDM 2A §3.3 CPUID, Table 3-8. */
export function leaf80000006Ecx(caches: readonly Cache[]): number {
  const second = caches.find(({ level }) => level === 2)
  if (second === undefined) return 0
  const encodedWays: Readonly<Record<number, number>> = { 1: 1, 2: 2, 4: 4, 8: 6, 16: 8, 32: 10, 48: 11, 64: 12 }
  return ((second.kilobytes << 16) | ((encodedWays[second.ways] ?? 0xf) << 12) | lineBytes) >>> 0
}

/** The table of another logical processor of the same machine: what tells the APIC ID tells this one. The rest is the same for all. */
export function tableOfProcessor(table: CpuidTable, apicId: number): CpuidTable {
  return table.map((row) => {
    if (row.function === 0x01) return { ...row, ebx: ((row.ebx & 0x00ff_ffff) | (apicId << 24)) >>> 0 }
    if (row.function === 0x0b || row.function === 0x1f) return { ...row, edx: apicId }
    return row.function === 0x8000_001e ? { ...row, eax: apicId } : row
  })
}
