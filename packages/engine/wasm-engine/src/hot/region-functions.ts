import type { Emitted } from '../emit/holes.ts'
import type { Linkage } from '../handler-table.ts'
import type { KeptRegions } from '../kept-regions.ts'
import type { Compiling } from '../linked-interpreter.ts'
import { type Also, type Placed, placeFunctions } from '../linked-module.ts'
import { type RuntimeIndices, regionType } from '../runtime.ts'
import type { Table } from '../webassembly.ts'
import { regionFunction } from './region.ts'
import { descriptionOf, type RegionParts } from './region-description.ts'
import { regionValues } from './region-holes.ts'

export interface AroundRegions {
  readonly table: Table
  readonly linkage: Linkage
  readonly compiling: Compiling
  /** What earlier starts have made, if that is kept. */
  readonly kept: KeptRegions | undefined
}

/** A region to be put in a slot. */
export interface RegionInSlot extends RegionParts {
  readonly slot: number
}

/** The function of a region for its slot. */
interface RegionFunction extends Placed {
  /** To be called with its body when it has been made now. */
  keep(body: Emitted): void
}

/** Functions of regions: of an earlier start where that has made the same, else made now. */
export class RegionFunctions {
  readonly #around: AroundRegions

  constructor(around: AroundRegions) {
    this.#around = around
  }

  /** Puts functions of regions in their slots, all in one module. Gives how many bytes that is. */
  place(regions: readonly RegionInSlot[]): number {
    const { table, linkage, compiling } = this.#around
    const functions = regions.map((parts) => this.#functionOf(parts))
    const made = (position: number, body: Emitted) => functions[position]!.keep(body)
    return placeFunctions(functions, { into: table, linkage, callsThroughTables: false, compiling, made }).bytes
  }

  #functionOf({ slot, ...parts }: RegionInSlot): RegionFunction {
    const { kept, compiling } = this.#around
    const description = kept && descriptionOf(parts)
    const body = description && kept?.find(description)
    if (body !== undefined) compiling.counting.regionsFound += 1
    // what calls another function of its module is of no use in another module
    let asksForOthers = false
    const asking = (also: Also): Also => {
      return (...asked) => {
        asksForOthers = true
        return also(...asked)
      }
    }
    return {
      slot,
      type: regionType,
      make: (runtime: RuntimeIndices, also: Also) => regionFunction({ ...parts, runtime, also: asking(also) }),
      body,
      values: regionValues(parts.order, slot),
      keep: (made) => {
        if (description !== undefined && !asksForOthers) kept?.made(description, made)
      },
    }
  }
}
