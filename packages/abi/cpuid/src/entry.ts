import type { OutputRegister } from './leaf.ts'

/** What CPUID answers: four unsigned 32-bit numbers. */
export interface CpuidAnswer {
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
}

/**
 * One row of a guest's CPUID table: the kernel's `kvm_cpuid_entry2`. All fields are unsigned 32-bit numbers.
 *
 * Source: Documentation/virt/kvm/api.rst §4.20 KVM_SET_CPUID.
 */
export interface CpuidEntry extends CpuidAnswer {
  /** The EAX input. */
  readonly function: number
  /** The ECX input; means something when `flags` says so. */
  readonly index: number
  /** `KVM_CPUID_FLAG_SIGNIFCANT_INDEX`, or 0. */
  readonly flags: number
}

/** A guest's CPUID table: entries in any order; the first that matches answers. */
export type CpuidTable = readonly CpuidEntry[]

/** The flag that makes an entry answer for its own ECX only. The kernel's spelling. */
export const KVM_CPUID_FLAG_SIGNIFCANT_INDEX = 1

/** Makes an entry. `index` left out: the entry answers whatever ECX is. Registers left out are 0. */
export function entry(
  leaf: number,
  answer: Partial<Record<OutputRegister, number>>,
  index: number | undefined = undefined,
): CpuidEntry {
  return {
    function: leaf >>> 0,
    index: index ?? 0,
    flags: index === undefined ? 0 : KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
    eax: (answer.eax ?? 0) >>> 0,
    ebx: (answer.ebx ?? 0) >>> 0,
    ecx: (answer.ecx ?? 0) >>> 0,
    edx: (answer.edx ?? 0) >>> 0,
  }
}

/** The first entry that answers for these inputs, or `undefined`. */
export function findEntry(table: CpuidTable, leaf: number, index: number): CpuidEntry | undefined {
  const [eax, ecx] = [leaf >>> 0, index >>> 0]
  for (let at = 0; at < table.length; at++) {
    const entry = table[at]!
    if (entry.function !== eax) continue
    if ((entry.flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) === 0 || entry.index === ecx) return entry
  }
  return undefined
}

/** The table with every entry that answers for these inputs first replaced by what `change` makes of it. */
export function changeEntry(
  table: CpuidTable,
  leaf: number,
  index: number,
  change: (entry: CpuidEntry) => Partial<CpuidAnswer>,
): CpuidTable {
  const found = findEntry(table, leaf, index)
  if (found === undefined) return table
  return table.map((entry) => (entry === found ? { ...entry, ...change(entry) } : entry))
}
