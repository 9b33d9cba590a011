import type { FunctionBody } from '@vmm/wasm-encoder'
import { linkedCode } from '../emit/links.ts'
import { functionOf, type LinkedBody } from '../emit/write.ts'
import type { Linkage } from '../handler-table.ts'
import type { Also } from '../linked-module.ts'
import { type RuntimeIndices, regionType } from '../runtime.ts'
import { orderOf, withReturns } from './graph.ts'
import type { Grown } from './growth.ts'
import type { KeptRegions } from './kept-regions.ts'
import { regionFunction } from './region.ts'
import { keyOf, type Resting } from './region-key.ts'

interface Around {
  readonly linkage: Linkage
  readonly buffer: SharedArrayBuffer
  /** What earlier starts have emitted, if it is known. */
  readonly kept: KeptRegions | undefined
}

/** The module that a function is made for. */
interface Module {
  readonly runtime: RuntimeIndices
  readonly also: Also
}

/** What is asked for: blocks, what their function rests on, and its slot of the table. */
interface Asked extends Resting {
  readonly grown: Grown
  readonly slot: number
}

/** Functions of regions, emitted if they are not known. */
export class RegionBodies {
  readonly #linkage: Linkage
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #kept: KeptRegions | undefined

  constructor({ linkage, buffer, kept }: Around) {
    this.#linkage = linkage
    this.#view = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#kept = kept
  }

  /** The function of a region for a module, linked to where its blocks lie. */
  of(asked: Asked, module: Module): FunctionBody {
    const addresses = new Map(asked.grown.blocks.map(({ offset, address }) => [offset, address]))
    const body = this.#found(asked, module)
    const numberOf = (of: number | undefined) => (of === undefined ? asked.slot : addresses.get(of)!)
    return { ...body, code: linkedCode(body.code, body.links, numberOf) }
  }

  #found(asked: Asked, module: Module): LinkedBody {
    const memory = { view: this.#view, bytes: this.#bytes }
    const key = this.#kept === undefined ? undefined : keyOf(asked.grown, asked, memory)
    if (key === undefined) return this.#emitted(asked, module)
    const found = this.#kept!.find(key)
    if (found !== undefined) return found
    let callsOthers = false
    const also: Also = (...other) => {
      callsOthers = true
      return module.also(...other)
    }
    const made = this.#emitted(asked, { ...module, also })
    // others have other numbers in another module
    if (!callsOthers) this.#kept!.made(key, made)
    return made
  }

  #emitted({ grown, ...resting }: Asked, module: Module): LinkedBody {
    const { memoryBase, threads } = this.#linkage
    const order = orderOf(withReturns(grown.blocks), grown.entries)
    const code = regionFunction(order, { ...module, ...resting, memoryBase, threads, view: this.#view })
    return functionOf(code, regionType.parameters.length, noType)
  }
}

const noType = (): never => {
  throw new Error('a region calls through no table')
}
