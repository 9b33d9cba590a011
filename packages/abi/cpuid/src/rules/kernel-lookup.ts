import type { CpuidAnswer, CpuidEntry, CpuidTable } from '../entry.ts'
import { KVM_CPUID_FLAG_SIGNIFCANT_INDEX } from '../entry.ts'

/**
 * How the kernel itself looks an entry up whose leaf has no sub-leaves:
 *
 * - `stateful`: as `index-0`, and an entry that has STATEFUL_FUNC without STATE_READ_NEXT never matches;
 * - `index-0`: the first entry of that function that has no significant index, or index 0;
 * - `first`: the first entry of that function.
 */
export type KernelLookup = 'stateful' | 'index-0' | 'first'

const KVM_CPUID_FLAG_STATEFUL_FUNC = 2
const KVM_CPUID_FLAG_STATE_READ_NEXT = 4

/** Where the entry is that the kernel finds for a leaf without sub-leaves; -1 when there is none. */
export function placeOfLeaf(table: CpuidTable, leaf: number, lookup: KernelLookup): number {
  if (lookup !== 'first') return placeOfSubleaf(table, leaf, 0, lookup)
  for (let at = 0; at < table.length; at++) if (table[at]!.function === leaf) return at
  return -1
}

/** Where the entry is that the kernel finds for a sub-leaf; -1 when there is none. */
export function placeOfSubleaf(table: CpuidTable, leaf: number, index: number, lookup: KernelLookup): number {
  for (let at = 0; at < table.length; at++) {
    const entry = table[at]!
    if (entry.function !== leaf || (lookup === 'stateful' && waitsForItsTurn(entry))) continue
    if ((entry.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) === 0 || entry.index === index) return at
  }
  return -1
}

/** The entry that the kernel finds for a leaf without sub-leaves. */
export function findLeaf(table: CpuidTable, leaf: number, lookup: KernelLookup): CpuidEntry | undefined {
  return table[placeOfLeaf(table, leaf, lookup)]
}

/** The entry that the kernel finds for a sub-leaf. */
export function findSubleaf(
  table: CpuidTable,
  leaf: number,
  index: number,
  lookup: KernelLookup,
): CpuidEntry | undefined {
  return table[placeOfSubleaf(table, leaf, index, lookup)]
}

/** The table with registers of one entry changed. A place of -1 and a change that changes nothing give the table itself. */
export function amended(table: CpuidTable, place: number, change: Partial<CpuidAnswer>): CpuidTable {
  const found = table[place]
  if (found === undefined) return table
  const { eax = found.eax, ebx = found.ebx, ecx = found.ecx, edx = found.edx } = change
  if (eax === found.eax && ebx === found.ebx && ecx === found.ecx && edx === found.edx) return table
  const copy = table.slice()
  copy[place] = { ...found, eax: eax >>> 0, ebx: ebx >>> 0, ecx: ecx >>> 0, edx: edx >>> 0 }
  return copy
}

/** A register with one bit set or cleared. */
export function withBit(register: number, bit: number, on: boolean): number {
  return (on ? register | (1 << bit) : register & ~(1 << bit)) >>> 0
}

/** Whether a bit of a register is set. */
export function bitOf(register: number | bigint, bit: number): boolean {
  return typeof register === 'bigint' ? ((register >> BigInt(bit)) & 1n) === 1n : ((register >>> bit) & 1) === 1
}

/** The 64 bits that two registers hold. */
export function wide(low: number, high: number): bigint {
  return BigInt(low >>> 0) | (BigInt(high >>> 0) << 32n)
}

function waitsForItsTurn({ flags }: CpuidEntry): boolean {
  return (flags & KVM_CPUID_FLAG_STATEFUL_FUNC) !== 0 && (flags & KVM_CPUID_FLAG_STATE_READ_NEXT) === 0
}
