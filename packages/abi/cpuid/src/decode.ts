import { definedMask, type Fields, fieldOf } from '@vmm/bits'
import { type Feature, leaves } from './all.ts'
import type { CpuidEntry, CpuidTable } from './entry.ts'
import { firstHypervisorLeaf, hypervisorOf } from './hypervisor.ts'
import { type Hypervisor, isFeature, type Leaf, type OutputRegister, outputRegisters, type Subleaf } from './leaf.ts'

/** One entry of a table, in words. */
export interface DecodedLeaf {
  readonly function: number
  readonly index: number
  /** What the manual calls the leaf; `undefined` for one that no row describes. */
  readonly name: string | undefined
  /** The features whose bit is set. */
  readonly features: readonly Feature[]
  /** Every other field by its name. */
  readonly numbers: Readonly<Record<string, number>>
  /** Set bits that no row names, by register. */
  readonly unnamed: Readonly<Partial<Record<OutputRegister, number>>>
}

const rows: readonly Leaf[] = leaves

/**
 * The row that describes a leaf and sub-leaf, or `undefined`. The leaves of a hypervisor need its name; where its range
 * begins does not matter.
 */
export function rowOf(leaf: number, index: number, hypervisor?: Hypervisor): Leaf | undefined {
  const number = hypervisor === undefined ? leaf : firstHypervisorLeaf + (leaf & 0xff)
  return rows.find((row) => row.leaf === number && row.hypervisor === hypervisor && covers(row.subleaf, index))
}

/** Whether ECX matters to a leaf; `undefined` for one that no row describes, and for those of hypervisors. */
export function isIndexed(leaf: number): boolean | undefined {
  const row = rows.find((candidate) => candidate.leaf === leaf && candidate.hypervisor === undefined)
  return row === undefined ? undefined : row.subleaf !== 'any'
}

function covers(subleaf: Subleaf, index: number): boolean {
  if (subleaf === 'any') return true
  return typeof subleaf === 'number' ? subleaf === index : index >= subleaf.from
}

/** Says in words what each entry of a table says in bits, in the table's order. Takes any dump, of any vendor. */
export function decode(table: CpuidTable): readonly DecodedLeaf[] {
  return table.map((entry) => decodeEntry(entry, rowFor(table, entry)))
}

/** The row that describes an entry of a table. */
export function rowFor(table: CpuidTable, entry: CpuidEntry): Leaf | undefined {
  return rowOf(entry.function, entry.index, hypervisorOf(table, entry.function))
}

function decodeEntry(entry: CpuidEntry, row: Leaf | undefined): DecodedLeaf {
  const features: Feature[] = []
  const numbers: Record<string, number> = {}
  const unnamed: Partial<Record<OutputRegister, number>> = {}
  for (const register of outputRegisters) {
    const fields: Fields = row?.outputs[register] ?? {}
    const value = BigInt(entry[register])
    for (const [name, field] of Object.entries(fields)) {
      const content = Number(fieldOf(value, field))
      if (!isFeature(field)) numbers[name] = content
      else if (content === 1) features.push(name as Feature)
    }
    const rest = Number(value & ~definedMask(fields))
    if (rest !== 0) unnamed[register] = rest
  }
  return { function: entry.function, index: entry.index, name: row?.name, features, numbers, unnamed }
}
