import type { Feature } from './all.ts'
import { type CpuidTable, changeEntry, entry, findEntry } from './entry.ts'
import { type FeaturePlace, placeOf } from './feature.ts'

/** Whether a table says that the guest has a feature. */
export function has(table: CpuidTable, feature: Feature): boolean {
  const place = placeOf(feature)
  const found = findEntry(table, place.function, place.index ?? 0)
  return found !== undefined && ((found[place.register] >>> place.bit) & 1) === 1
}

/** Every feature a table says the guest has, in the order of the leaf rows. */
export function featuresOf(table: CpuidTable, all: Iterable<Feature>): ReadonlySet<Feature> {
  return new Set([...all].filter((feature) => has(table, feature)))
}

/** The table with the feature's bit set. Adds the leaf, and raises the highest leaf and sub-leaf, where that is needed. */
export function withFeature(table: CpuidTable, feature: Feature): CpuidTable {
  const place = placeOf(feature)
  return changeEntry(withLeaf(table, place), place.function, place.index ?? 0, (found) => ({
    [place.register]: (found[place.register] | (1 << place.bit)) >>> 0,
  }))
}

/** The table with the feature's bit clear. */
export function withoutFeature(table: CpuidTable, feature: Feature): CpuidTable {
  const place = placeOf(feature)
  return changeEntry(table, place.function, place.index ?? 0, (found) => ({
    [place.register]: (found[place.register] & ~(1 << place.bit)) >>> 0,
  }))
}

function withLeaf(table: CpuidTable, place: FeaturePlace): CpuidTable {
  if (findEntry(table, place.function, place.index ?? 0) !== undefined) return table
  const base = place.function >= 0x4000_0000 ? (place.function & 0xf000_0000) >>> 0 : 0
  let grown: CpuidTable = [...table, entry(place.function, {}, place.index)]
  grown = changeEntry(grown, base, 0, ({ eax }) => ({ eax: Math.max(eax, place.function) }))
  const listsSubleaves = place.function === 0x07 && place.index !== undefined && place.index > 0
  return listsSubleaves
    ? changeEntry(grown, place.function, 0, ({ eax }) => ({ eax: Math.max(eax, place.index ?? 0) }))
    : grown
}
