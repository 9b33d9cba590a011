import { definedMask, type Fields, fieldOf } from '@vmm/bits'
import { type Feature, leaves } from './all.ts'
import type { CpuidEntry, CpuidTable } from './entry.ts'
import { isFeature, type Leaf, type OutputRegister, outputRegisters, type Subleaf } from './leaf.ts'

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

/** The row that describes a leaf and sub-leaf, or `undefined`. */
export function rowOf(leaf: number, index: number): Leaf | undefined {
  return rows.find((row) => row.leaf === leaf && covers(row.subleaf, index))
}

/** Whether ECX matters to a leaf; `undefined` for one that no row describes. */
export function isIndexed(leaf: number): boolean | undefined {
  const row = rows.find((candidate) => candidate.leaf === leaf)
  return row === undefined ? undefined : row.subleaf !== 'any'
}

function covers(subleaf: Subleaf, index: number): boolean {
  if (subleaf === 'any') return true
  return typeof subleaf === 'number' ? subleaf === index : index >= subleaf.from
}

/** Says in words what each entry of a table says in bits, in the table's order. Takes any dump, of any vendor. */
export function decode(table: CpuidTable): readonly DecodedLeaf[] {
  return table.map(decodeEntry)
}

function decodeEntry(entry: CpuidEntry): DecodedLeaf {
  const row = rowOf(entry.function, entry.index)
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
