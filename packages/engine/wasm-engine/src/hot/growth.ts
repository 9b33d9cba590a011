import type { BlockCache } from '../block-cache.ts'
import { codeSizeOf } from '../mode-word.ts'
import { at, inBlock, inJumpEntry, jumpEntries, jumpEntryBytes } from '../state-layout.ts'
import type { StateView } from '../state-view.ts'
import { type HotBlock, type Place, placed, returnsFromOutside } from './graph.ts'
import type { Pieces } from './pieces.ts'

/** A hot block that a region is to be entered at, and the address that it had when it became hot. */
export interface Seed {
  readonly block: number
  readonly rip: bigint
  readonly state: StateView
  /** How often it had been entered. */
  readonly ran: number
}

/** The blocks of a region, the first seed's at offset 0, and the offsets of those that it is entered at. */
export interface Grown {
  readonly blocks: readonly HotBlock[]
  readonly entries: readonly number[]
  /** How many instructions they are. */
  readonly steps: number
  /** Some jump of it leads wherever the guest says. */
  readonly isOpen: boolean
  /** Some way was not followed, for what it leads to has a region. */
  readonly isPart: boolean
}

/** What a region is not to have. */
export interface Bounds {
  /** Blocks that others are entered at. */
  readonly isOfOther: (block: number) => boolean
  /** Blocks that ran so often less than what asked first. */
  readonly coolerBy: number
}

export interface GrowthOptions {
  /** Blocks and instructions of a region at most. */
  readonly blocksAtMost: number
  readonly stepsAtMost: number
}

interface Around {
  readonly options: GrowthOptions
  readonly pieces: Pieces
  readonly blocks: BlockCache
  readonly buffer: SharedArrayBuffer
  /** How often a block has been entered. */
  ranOf(block: number): number
}

/** What has been put together so far, and how many instructions it is. */
interface Gathered {
  readonly blocks: Map<number, HotBlock>
  steps: number
}

/** Farther apart than this is not near: what is called is called by 32 bits. */
const nearBytes = 0x7fff_ffffn

/** Which blocks make a region: from the hot ones along every way that is not much cooler. */
export class Growth {
  readonly #options: GrowthOptions
  readonly #pieces: Pieces
  readonly #blocks: BlockCache
  readonly #view: DataView
  readonly #ranOf: (block: number) => number

  constructor({ options, pieces, blocks, buffer, ranOf }: Around) {
    this.#options = options
    this.#pieces = pieces
    this.#blocks = blocks
    this.#view = new DataView(buffer)
    this.#ranOf = ranOf
  }

  /** The region of one or more blocks; undefined if it cannot have them all. */
  from(seeds: readonly Seed[], bounds: Bounds): Grown | undefined {
    const [first] = seeds
    const gathered: Gathered = { blocks: new Map(), steps: 0 }
    const { blocks } = gathered
    for (const seed of seeds) {
      const offset = distance(first!, seed)
      if (offset === undefined || !this.#add(gathered, this.#placeOf(seed.block, offset))) return undefined
    }
    const hotRan = Math.min(...seeds.map(({ ran }) => ran))
    let isPart = false
    for (const block of blocks.values())
      for (const offset of [block.next, block.target, block.after]) {
        if (offset === undefined || blocks.has(offset)) continue
        const address = this.#neighbour(first!, block, offset)
        if (address === undefined || this.#ranOf(address) < hotRan / bounds.coolerBy) continue
        if (bounds.isOfOther(address)) isPart = true
        else this.#add(gathered, this.#placeOf(address, offset))
      }
    const all = [...blocks.values()]
    const entries = seeds.map((seed) => distance(first!, seed)!)
    const isOpen = all.some(({ leads }) => leads === 'anywhere')
    return {
      blocks: all,
      entries: [...new Set([...entries, ...returnsFromOutside(all)])],
      steps: gathered.steps,
      isOpen,
      isPart,
    }
  }

  #placeOf(address: number, offset: number): Place {
    return { address, offset, host: this.#view.getUint32(address + inBlock.host, true) }
  }

  /** Whether there was something to add and room for it. */
  #add(gathered: Gathered, place: Place): boolean {
    const { blocks } = gathered
    const piece = this.#pieces.of(place.address)
    if (piece === undefined || blocks.size >= this.#options.blocksAtMost) return false
    const steps = gathered.steps + piece.steps.length
    if (steps > this.#options.stepsAtMost && blocks.size > 0) return false
    if (!blocks.has(place.offset)) gathered.steps = steps
    blocks.set(place.offset, placed(piece, place))
    return true
  }

  /** The block at an offset, as it is seen from another: on the same page, or where the processor found it lately. */
  #neighbour(first: Seed, from: HotBlock, offset: number): number | undefined {
    const mode = this.#view.getUint32(first.block + inBlock.mode, true)
    const host = from.host + offset - from.offset
    if (host >>> 12 === from.host >>> 12 && Math.abs(offset - from.offset) < 0x1000) return this.#blocks.at(host, mode)
    const bits = codeSizeOf(mode)
    return this.#lately(first.state, BigInt.asUintN(bits, first.rip + BigInt(offset)), mode)
  }

  #lately(state: StateView, rip: bigint, mode: number): number | undefined {
    const entry = state.word(at.jumpCache) + Number(rip & BigInt(jumpEntries - 1)) * jumpEntryBytes
    // it may lie behind what memory was when regions were begun with
    const isIt =
      state.longAt(entry + inJumpEntry.rip) === rip &&
      state.wordAt(entry + inJumpEntry.generation) === state.word(at.jumpGeneration)
    const block = state.wordAt(entry + inJumpEntry.block)
    return isIt && this.#view.getUint32(block + inBlock.mode, true) === mode ? block : undefined
  }
}

/** How far a seed is from another, if it is near. */
export function distance(from: Seed, to: Seed): number | undefined {
  const apart = BigInt.asIntN(64, to.rip - from.rip)
  return apart < -nearBytes || apart > nearBytes ? undefined : Number(apart)
}
