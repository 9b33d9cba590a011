import type { Feature } from './all.ts'
import { type CpuidTable, changeEntry, entry, findEntry } from './entry.ts'
import { type FeaturePlace, placeOf } from './feature.ts'
import { firstHypervisorLeaf, freeHypervisorBase, hypervisorBase, signatureOfHypervisor } from './hypervisor.ts'
import type { Hypervisor } from './leaf.ts'
import { registerOf } from './text.ts'

/** Whether a table says that the guest has a feature. A hypervisor's feature is looked for where its leaves begin. */
export function has(table: CpuidTable, feature: Feature): boolean {
  return hasAt(table, placeOf(feature))
}

/** The same of a feature whose place is known. */
export function hasAt(table: CpuidTable, place: FeaturePlace): boolean {
  const leaf = leafIn(table, place)
  const found = leaf === undefined ? undefined : findEntry(table, leaf, place.index ?? 0)
  return found !== undefined && ((found[place.register] >>> place.bit) & 1) === 1
}

/** Every feature a table says the guest has, in the order of the leaf rows. */
export function featuresOf(table: CpuidTable, all: Iterable<Feature>): ReadonlySet<Feature> {
  return new Set([...all].filter((feature) => has(table, feature)))
}

/** The table with the feature's bit set. Adds the leaf, and raises the highest leaf and sub-leaf, where that is needed. */
export function withFeature(table: CpuidTable, feature: Feature): CpuidTable {
  const place = placeOf(feature)
  const signed = place.hypervisor === undefined ? table : withSignature(table, place.hypervisor)
  const leaf = leafIn(signed, place) ?? place.function
  return changeEntry(withLeaf(signed, place, leaf), leaf, place.index ?? 0, (found) => ({
    [place.register]: (found[place.register] | (1 << place.bit)) >>> 0,
  }))
}

/** The table with the feature's bit clear. */
export function withoutFeature(table: CpuidTable, feature: Feature): CpuidTable {
  const place = placeOf(feature)
  const leaf = leafIn(table, place)
  if (leaf === undefined) return table
  return changeEntry(table, leaf, place.index ?? 0, (found) => ({
    [place.register]: (found[place.register] & ~(1 << place.bit)) >>> 0,
  }))
}

/** The leaf of a feature in this table; `undefined` for one of a hypervisor that has no leaves here. */
function leafIn(table: CpuidTable, { function: leaf, hypervisor }: FeaturePlace): number | undefined {
  if (hypervisor === undefined) return leaf
  const base = hypervisorBase(table, hypervisor)
  return base === undefined ? undefined : base + (leaf - firstHypervisorLeaf)
}

function withSignature(table: CpuidTable, hypervisor: Hypervisor): CpuidTable {
  if (hypervisorBase(table, hypervisor) !== undefined) return table
  const signature = signatureOfHypervisor(hypervisor)
  const free = freeHypervisorBase(table)
  const registers = { ebx: registerOf(signature, 0), ecx: registerOf(signature, 4), edx: registerOf(signature, 8) }
  return [...table, entry(free, { eax: free, ...registers })]
}

function withLeaf(table: CpuidTable, place: FeaturePlace, leaf: number): CpuidTable {
  if (findEntry(table, leaf, place.index ?? 0) !== undefined) return table
  let grown: CpuidTable = [...table, entry(leaf, {}, place.index)]
  grown = changeEntry(grown, firstOf(leaf, place), 0, ({ eax }) => ({ eax: Math.max(eax, leaf) }))
  const listsSubleaves = leaf === 0x07 && place.index !== undefined && place.index > 0
  return listsSubleaves ? changeEntry(grown, leaf, 0, ({ eax }) => ({ eax: Math.max(eax, place.index ?? 0) })) : grown
}

/** The leaf whose EAX tells the highest one of the same range. */
function firstOf(leaf: number, { hypervisor }: FeaturePlace): number {
  if (hypervisor !== undefined) return (leaf & 0xffff_ff00) >>> 0
  return leaf >= firstHypervisorLeaf ? (leaf & 0xf000_0000) >>> 0 : 0
}
