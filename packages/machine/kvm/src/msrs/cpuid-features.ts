import { type CpuidTable, type Feature, features, featuresOf, has } from '@vmm/cpuid'
import type { OwnFeatures } from '@vmm/msr'

const noTable: CpuidTable = []

/** The features of whichever table a vCPU has: each is looked up once in a table. */
export class CpuidFeatures implements OwnFeatures {
  readonly #table: () => CpuidTable | undefined
  #seen: CpuidTable = noTable
  readonly #known = new Map<Feature, boolean>()

  constructor(table: () => CpuidTable | undefined) {
    this.#table = table
  }

  has(feature: Feature): boolean {
    const table = this.#current()
    const known = this.#known.get(feature) ?? has(table, feature)
    this.#known.set(feature, known)
    return known
  }

  get size(): number {
    return featuresOf(this.#current(), features).size
  }

  #current(): CpuidTable {
    const table = this.#table() ?? noTable
    if (table !== this.#seen) this.#known.clear()
    this.#seen = table
    return table
  }
}
