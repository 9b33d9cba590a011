import { createDecoded, type Decoded, decode } from '@vmm/x86-decoder'
import type { BlockCache } from '../block-cache.ts'
import type { HandlerTable, Linkage } from '../handler-table.ts'
import type { Compiling } from '../linked-interpreter.ts'
import { type Also, placeFunctions } from '../linked-module.ts'
import { alone, limited, modeOfWord, resumes } from '../mode-word.ts'
import { noRegion, type RuntimeIndices, regionType } from '../runtime.ts'
import { at, blockHeadBytes, inBlock, inReach, inRecord, reachBytes, recordBytes } from '../state-layout.ts'
import type { StateView } from '../state-view.ts'
import type { Table } from '../webassembly.ts'
import { type HotBlock, type HotStep, orderOf, type Piece, placed, withReturns } from './graph.ts'
import { flatBytes, regionFunction } from './region.ts'
import { steadyOf } from './steady.ts'

/** When code becomes hot, and how much of it is kept. */
export interface HotOptions {
  /** How often a block is entered before it becomes part of a region. */
  readonly threshold: number
  /** Regions that are compiled at once, if so many are asked for before the first one is asked for again. */
  readonly batch?: number
  /** Blocks and instructions of a region at most. */
  readonly blocksAtMost?: number
  readonly stepsAtMost?: number
}

interface Region {
  readonly entry: number
  readonly slot: number
  /** Blocks that are part of it. */
  readonly members: readonly number[]
}

interface Asked {
  readonly block: number
  readonly state: StateView
}

interface Around extends Compiling {
  readonly handlers: HandlerTable
  readonly linkage: Linkage
  readonly table: Table
  readonly blocks: BlockCache
  readonly buffer: SharedArrayBuffer
}

/** Blocks that ran so often less than the first one are left to regions of their own. */
const coolerBy = 16

/** Compiles what runs most. A block that is hot asks; regions are compiled in batches, and belong to the blocks in them. */
export class Regions {
  readonly #options: Required<HotOptions>
  readonly #handlers: HandlerTable
  readonly #linkage: Linkage
  readonly #table: Table
  readonly #blocks: BlockCache
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #decoded: Decoded = createDecoded()
  readonly #asked = new Map<number, Asked>()
  /** What was read of blocks: undefined where there is nothing for a region. */
  readonly #pieces = new Map<number, Piece | undefined>()
  /** Regions by the blocks that are part of them. */
  readonly #containing = new Map<number, Set<Region>>()
  readonly #free: number[] = []
  /** How often regions of a page went because it was written to. */
  readonly #rewritten = new Map<number, number>()
  readonly #compiling: Compiling

  constructor(options: HotOptions, around: Around) {
    this.#compiling = around
    this.#options = { batch: 16, blocksAtMost: 48, stepsAtMost: 400, ...options }
    this.#handlers = around.handlers
    this.#linkage = around.linkage
    this.#table = around.table
    this.#blocks = around.blocks
    this.#view = new DataView(around.buffer)
    this.#bytes = new Uint8Array(around.buffer)
    for (let slot = around.table.length - 1; slot >= 0; slot -= 1) this.#free.push(slot)
  }

  /** A block has been entered as often as it takes. It is queued, or everything queued is compiled. */
  ask(block: number, state: StateView): void {
    const again = this.#asked.has(block)
    if (!again) {
      if (!this.#mayBegin(block)) return this.#setRegion(block, noRegion)
      this.#asked.set(block, { block, state })
      this.#setHeat(block, this.#options.threshold)
    }
    if (again || this.#asked.size >= this.#options.batch || this.#options.threshold === 0) this.#compile()
  }

  /** A block is stale: so are the regions it is part of. */
  dropped(block: number, page: number): void {
    this.#asked.delete(block)
    this.#pieces.delete(block)
    const regions = this.#containing.get(block)
    if (regions === undefined) return
    this.#rewritten.set(page, (this.#rewritten.get(page) ?? 0) + 1)
    for (const region of [...regions]) {
      this.#remove(region)
      this.#compiling.counting.regionsStale += 1
    }
  }

  /** Every block is gone. */
  droppedAll(): void {
    this.#asked.clear()
    this.#pieces.clear()
    const all = new Set([...this.#containing.values()].flatMap((regions) => [...regions]))
    for (const { slot } of all) this.#release(slot)
    this.#containing.clear()
  }

  /** How often a block at a host address runs before it asks. */
  heatOf(host: number): number {
    const rewritten = this.#rewritten.get(host & ~0xfff) ?? 0
    return Math.min(2 ** 30, this.#options.threshold * 4 ** rewritten)
  }

  #mayBegin(block: number): boolean {
    const mode = this.#view.getUint32(block + inBlock.mode, true)
    const never = resumes | limited | (this.#options.threshold === 0 ? 0 : alone)
    if ((mode & never) !== 0) return false
    return this.#pieceOf(block) !== undefined
  }

  #setHeat(block: number, heat: number): void {
    this.#view.setInt32(block + inBlock.heat, heat, true)
  }

  #setRegion(block: number, region: number): void {
    this.#view.setUint32(block + inBlock.region, region, true)
  }

  #remove(region: Region): void {
    for (const member of region.members) {
      const regions = this.#containing.get(member)
      regions?.delete(region)
      if (regions?.size === 0) this.#containing.delete(member)
    }
    this.#setRegion(region.entry, 0)
    this.#setHeat(region.entry, this.heatOf(this.#view.getUint32(region.entry + inBlock.host, true)))
    this.#release(region.slot)
  }

  #release(slot: number): void {
    this.#table.set(slot, null)
    this.#free.push(slot)
  }

  // -- which code ------------------------------------------------------------------------------------------------

  /** The part of a decoded block that regions can have, up to what they leave alone; undefined if it is none of it. */
  #pieceOf(block: number): Piece | undefined {
    if (!this.#pieces.has(block)) this.#pieces.set(block, this.#readPiece(block))
    return this.#pieces.get(block)
  }

  #readPiece(block: number): Piece | undefined {
    const count = this.#view.getUint32(block + inBlock.count, true)
    const host = this.#view.getUint32(block + inBlock.host, true)
    const mode = this.#view.getUint32(block + inBlock.mode, true)
    const steps: HotStep[] = []
    let end = 0
    for (let index = 0; index < count; index += 1) {
      const record = block + blockHeadBytes + index * recordBytes
      const offset = this.#view.getUint16(record + inRecord.offset, true)
      const shape = this.#shapeAt(host + offset, mode)
      if (shape?.inRegion === undefined) break
      steps.push({ shape, record, offset })
      end = this.#view.getUint16(record + inRecord.next, true)
      if (shape.inRegion.jumps) break
    }
    const last = steps.at(-1)
    if (last === undefined) return undefined
    const { jumps, jumpsAlways, stores } = last.shape.inRegion!
    const target = jumps ? this.#targetOf(last) : undefined
    const after = jumpsAlways && stores ? end : undefined
    const leads = jumpsAlways && target === undefined ? 'anywhere' : 'known'
    return { steps, next: jumpsAlways ? undefined : end, target, after, leads }
  }

  #shapeAt(host: number, mode: number) {
    const failure = decode(this.#bytes, host, ((host | 0xfff) >>> 0) + 1, modeOfWord(mode).codeSize, this.#decoded)
    if (failure !== undefined) return undefined
    return this.#blocks.shapeOf(this.#decoded, mode, host, () => '')
  }

  /** Where a jump goes, by its block's first byte: that may be to itself. */
  #targetOf({ shape, record, offset }: HotStep): number | undefined {
    const { operands, mode } = shape.spec
    if (operands[0]?.kind !== 'relative') return mode.rep === 'none' ? undefined : offset
    return mode.operandSize === 16 ? undefined : Number(this.#view.getBigInt64(record + inRecord.immediate, true))
  }

  /** The blocks of a region: from the hot one along every way that is not much cooler, within its page. */
  #grow(entry: number): { readonly blocks: HotBlock[]; readonly members: number[] } {
    const host = this.#view.getUint32(entry + inBlock.host, true)
    const mode = this.#view.getUint32(entry + inBlock.mode, true)
    const from = -(host & 0xfff)
    const blocks: HotBlock[] = [placed(this.#pieceOf(entry)!, 0)]
    const members = [entry]
    const seen = new Set([0])
    let steps = blocks[0]!.steps.length
    for (let at = 0; at < blocks.length; at += 1) {
      for (const offset of [blocks[at]!.next, blocks[at]!.target, blocks[at]!.after]) {
        if (offset === undefined || seen.has(offset) || offset < from || offset > from + 0xfff) continue
        seen.add(offset)
        const address = this.#blocks.at(host + offset, mode)
        if (address === undefined || this.#isCool(address)) continue
        const piece = this.#pieceOf(address)
        if (piece === undefined || steps + piece.steps.length > this.#options.stepsAtMost) continue
        if (blocks.length >= this.#options.blocksAtMost) continue
        steps += piece.steps.length
        blocks.push(placed(piece, offset))
        members.push(address)
      }
    }
    return { blocks, members }
  }

  #isCool(block: number): boolean {
    const heat = this.#view.getInt32(block + inBlock.heat, true)
    const { threshold } = this.#options
    return heat > threshold - threshold / coolerBy
  }

  /** Segments that reach from 0 to the top. */
  #flatOf(state: StateView): ReadonlySet<number> {
    const flat = new Set<number>()
    for (let segment = 0; segment < 6; segment += 1) {
      const place = at.reach + segment * reachBytes
      if (state.long(place + inReach.bytes) === flatBytes && state.long(place + inReach.base) === 0n) flat.add(segment)
    }
    return flat
  }

  // -- compiling -------------------------------------------------------------------------------------------------

  #compile(): void {
    const asked = [...this.#asked.values()]
    this.#asked.clear()
    if (this.#free.length < asked.length) this.#blocks.dropAll()
    else this.#instantiate(asked)
  }

  #instantiate(asked: readonly Asked[]): void {
    const { memoryBase, threads } = this.#linkage
    const made = asked.map(({ block, state }) => ({
      entry: block,
      slot: this.#free.pop()!,
      state,
      ...this.#grow(block),
    }))
    const functions = made.map(({ slot, blocks, state }) => ({
      slot,
      type: regionType,
      make: (runtime: RuntimeIndices, also: Also) =>
        regionFunction(orderOf(withReturns(blocks)), {
          runtime,
          also,
          steady: steadyOf(state),
          memoryBase,
          threads,
          view: this.#view,
          flat: this.#flatOf(state),
        }),
    }))
    const [linkage, compiling] = [this.#linkage, this.#compiling]
    placeFunctions(functions, { into: this.#table, linkage, callsThroughTables: false, compiling })
    this.#compiling.counting.regionsCompiled += made.length
    for (const { entry, slot, members } of made) this.#enter({ entry, slot, members })
  }

  #enter(region: Region): void {
    for (const member of region.members) {
      const regions = this.#containing.get(member)
      if (regions === undefined) this.#containing.set(member, new Set([region]))
      else regions.add(region)
    }
    this.#setHeat(region.entry, 0)
    this.#setRegion(region.entry, region.slot + 1)
  }
}
