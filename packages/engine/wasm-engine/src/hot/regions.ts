import type { BlockCache } from '../block-cache.ts'
import type { Linkage } from '../handler-table.ts'
import type { KeptRegions } from '../kept-regions.ts'
import type { Compiling } from '../linked-interpreter.ts'
import { alone, awaiting, limited, resumes } from '../mode-word.ts'
import { noRegion } from '../runtime.ts'
import { at, inBlock } from '../state-layout.ts'
import type { StateView } from '../state-view.ts'
import type { Table } from '../webassembly.ts'
import { CodeRoom } from './code-room.ts'
import { orderOf, withReturns } from './graph.ts'
import { distance, type Grown, Growth, type Seed } from './growth.ts'
import { type Dense, Heat } from './heat.ts'
import { paymentsOf } from './payments.ts'
import { Pieces } from './pieces.ts'
import { premisesOf } from './premises.ts'
import { RegionFunctions, type RegionInSlot } from './region-functions.ts'

/** When code becomes hot, and how much of it is kept. */
export interface HotOptions {
  /** How often a block is entered before it becomes part of a region. */
  readonly threshold: number
  /** The same once a processor has run so many instructions: who runs for long goes on, and has back what compiling costs. */
  readonly later?: { readonly threshold: number; readonly instructions: number }
  /** Which code is hot before, as it is what runs now. */
  readonly dense?: Dense
  /** How often a region is entered before it is made anew with what it leads to, be that in other regions too. */
  readonly wholeAfter?: number
  /** Regions that are compiled at once, if so many are asked for before the first one is asked for again. */
  readonly batch?: number
  /** Blocks and instructions of a region at most. */
  readonly blocksAtMost?: number
  readonly stepsAtMost?: number
  /** Native code of regions, in bytes, as far as can be told what V8 makes of them: what is used least goes when it is more. */
  readonly bytesAtMost?: number
}

/** Blocks that a region is to be made of. */
interface Plan {
  readonly seeds: readonly Seed[]
  readonly grown: Grown
  /** Nothing was left out of it because it is in another one. */
  readonly isWhole: boolean
  /** How often a region of these blocks has been made anew, for one more to enter it at. */
  readonly remade: number
}

interface Region extends Plan {
  readonly slot: number
}

interface Around extends Compiling {
  readonly linkage: Linkage
  readonly table: Table
  readonly blocks: BlockCache
  readonly buffer: SharedArrayBuffer
  readonly kept: KeptRegions | undefined
}

const mebibyte = 2 ** 20
/** Each time that a page is rewritten, its code is compiled four times later, up to here: what kernels patch while they boot is hot afterwards. */
const patiencesAtMost = 4

/** What asked waits for others half as long as it took to ask: a loop that everything runs in would wait alone. */
const waiting = 0.5

/** Going from region to region costs about what it costs to interpret a block: a region is worth more than its parts only so much later. */
const partsPer = 4

/** Blocks that ran so often less than a hot one are left to regions of their own: until it is known that they are worth it, fewer are had. */
const coolerBy = { part: 4, whole: 16 } as const

/** A region that jumps lead into from anywhere is made anew so often at most. */
const remadeAtMost = 3

/** Compiles what runs most. A block that is hot asks; regions are compiled in batches, and belong to the blocks in them. */
export class Regions {
  readonly #options: Required<Omit<HotOptions, 'dense'>>
  /** How often a block is entered, as of now, before it becomes part of a region. */
  #threshold: number
  readonly #batch: number
  readonly #linkage: Linkage
  readonly #table: Table
  readonly #view: DataView
  readonly #heat: Heat
  readonly #pieces: Pieces
  readonly #growth: Growth
  readonly #asked = new Map<number, Seed>()
  readonly #bySlot = new Map<number, Region>()
  /** Regions by the blocks that are part of them. */
  readonly #containing = new Map<number, Set<Region>>()
  /** Regions with jumps that lead anywhere, by their page. */
  readonly #open = new Map<number, Set<Region>>()
  readonly #free: number[] = []
  /** How often regions of a page went because it was written to. */
  readonly #rewritten = new Map<number, number>()
  readonly #compiling: Compiling
  readonly #functions: RegionFunctions
  readonly #room: CodeRoom<Region>

  constructor(options: HotOptions, around: Around) {
    this.#compiling = around
    this.#functions = new RegionFunctions({ ...around, compiling: around })
    const { threshold, later = { threshold, instructions: 0 } } = options
    this.#threshold = threshold
    const wholeAfter = later.threshold * partsPer
    this.#options = {
      later,
      wholeAfter,
      batch: 16,
      blocksAtMost: 48,
      stepsAtMost: 400,
      bytesAtMost: 64 * mebibyte,
      ...options,
    }
    this.#batch = Math.min(this.#options.batch, around.table.length)
    this.#room = new CodeRoom(this.#options.bytesAtMost)
    this.#linkage = around.linkage
    this.#table = around.table
    this.#view = new DataView(around.buffer)
    this.#heat = new Heat(this.#view, options.dense)
    this.#pieces = new Pieces(around.blocks, around.buffer)
    const ranOf = (block: number) => this.#ranOf(block)
    this.#growth = new Growth({ ...around, options: this.#options, pieces: this.#pieces, ranOf })
    for (let slot = around.table.length - 1; slot >= 0; slot -= 1) this.#free.push(slot)
  }

  /** A block has been entered as often as it takes. It is queued, or everything queued is compiled. */
  ask(block: number, state: StateView): void {
    const { later } = this.#options
    const retired = Number(state.long(at.sliceEnd)) - state.word(at.budget)
    if (retired > later.instructions) this.#threshold = later.threshold
    const again = this.#asked.has(block)
    if (!again) {
      const threshold = this.#thresholdOf(block)
      if (!this.#heat.isHot(block, { threshold, retired })) return
      if (!this.#mayBegin(block)) return this.#setRegion(block, noRegion)
      const ran = Math.min(this.#ranOf(block), threshold)
      this.#asked.set(block, { block, rip: state.long(at.RIP), state, ran })
      this.#heat.wait(block, Math.ceil(ran * waiting), { threshold, retired })
    }
    if (again || this.#asked.size >= this.#batch || this.#threshold === 0) this.#compile()
  }

  /** A block is stale: so are the regions it is part of. */
  dropped(block: number, page: number): void {
    this.#asked.delete(block)
    this.#pieces.forget(block)
    this.#heat.forget(block)
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
    this.#pieces.forgetAll()
    this.#heat.forgetAll()
    const all = new Set([...this.#containing.values()].flatMap((regions) => [...regions]))
    for (const region of all) this.#release(region)
    this.#containing.clear()
    this.#open.clear()
  }

  /** How often a block at a host address runs before it asks. */
  heatOf(host: number): number {
    return this.#heat.firstOf(this.#thresholdAt(host))
  }

  #thresholdAt(host: number): number {
    const rewritten = this.#rewritten.get(host & ~0xfff) ?? 0
    return Math.min(2 ** 30, this.#threshold * 4 ** Math.min(rewritten, patiencesAtMost))
  }

  #thresholdOf(block: number): number {
    return this.#thresholdAt(this.#view.getUint32(block + inBlock.host, true))
  }

  /** How often a block has been entered. */
  #ranOf(block: number): number {
    return this.#heat.ranOf(block, this.#thresholdOf(block))
  }

  #mayBegin(block: number): boolean {
    const mode = this.#view.getUint32(block + inBlock.mode, true)
    const never = resumes | limited | awaiting | (this.#threshold === 0 ? 0 : alone)
    if ((mode & never) !== 0) return false
    return this.#pieces.of(block) !== undefined
  }

  #setRegion(block: number, region: number): void {
    this.#view.setUint32(block + inBlock.region, region, true)
  }

  #remove(region: Region): void {
    const { blocks, entries } = region.grown
    this.#open.get(pageOf(region))?.delete(region)
    for (const { address, offset, host } of blocks) {
      const regions = this.#containing.get(address)
      regions?.delete(region)
      if (regions?.size === 0) this.#containing.delete(address)
      if (!entries.includes(offset) || !this.#isEntry(address, region)) continue
      this.#setRegion(address, 0)
      this.#heat.begin(address, this.#thresholdAt(host))
    }
    this.#release(region)
  }

  /** Whether it is by this region that a block is run. */
  #isEntry(block: number, region: Region): boolean {
    return this.#regionOf(block) === region
  }

  #release(region: Region): void {
    this.#table.set(region.slot, null)
    this.#bySlot.delete(region.slot)
    this.#free.push(region.slot)
    this.#room.gone(region)
  }

  /** Makes room for so many regions, and for their code. */
  #makeRoom(regions: number): void {
    if (this.#free.length >= regions && !this.#room.isFull) return
    const going = this.#room.leastUseful((region) => this.#isUsed(region), regions - this.#free.length)
    for (const region of going) this.#remove(region)
    this.#compiling.counting.regionsEvicted += going.length
    // who stays is to be used again until the next time
    for (const block of this.#containing.keys()) this.#view.setUint32(block + inBlock.runs, 0, true)
  }

  /** Whether it has been entered since room was made last: it says so itself. */
  #isUsed({ grown }: Region): boolean {
    return grown.blocks.some(({ address }) => this.#runsOf(address) !== 0)
  }

  /** How often a region says it has been entered at a block, if it counts. */
  #runsOf(block: number): number {
    return this.#view.getUint32(block + inBlock.runs, true)
  }

  // -- which regions ---------------------------------------------------------------------------------------------

  /** What asked is divided among regions: what one contains anyway needs none of its own yet, and asks again if it is still entered. */
  #plansFor(asked: readonly Seed[]): Plan[] {
    const plans: Plan[] = []
    for (const seed of asked) {
      if (plans.some(({ grown }) => grown.blocks.some(({ address }) => address === seed.block))) continue
      const isWhole = this.#runsOf(seed.block) >= this.#options.wholeAfter
      const alone = { seeds: [seed], grown: this.#grownFrom([seed], isWhole, plans)!, isWhole, remade: 0 }
      if (!this.#joinsOneOf(plans, alone)) plans.push(this.#remade(alone) ?? alone)
    }
    return plans
  }

  /** A region that leaves alone what larger ones are entered at, of those there are and are to be, unless it is to be whole. */
  #grownFrom(seeds: readonly Seed[], isWhole: boolean, plans: readonly Plan[]): Grown | undefined {
    if (isWhole) return this.#growth.from(seeds, { isOfOther: () => false, coolerBy: coolerBy.whole })
    const planned = new Set(plans.filter(isLarge).flatMap(({ grown }) => entriesOf(grown)))
    const isOfOther = (block: number) => planned.has(block) || isLarge(this.#regionOf(block))
    return this.#growth.from(seeds, { isOfOther, coolerBy: coolerBy.part })
  }

  /** The region that a block is run by. */
  #regionOf(block: number): Region | undefined {
    return this.#bySlot.get(this.#view.getUint32(block + inBlock.region, true) - 1)
  }

  /** Whether one of the plans could take it in, and now has. */
  #joinsOneOf(plans: Plan[], alone: Plan): boolean {
    for (const [index, plan] of plans.entries()) {
      const joined = this.#joined(plan, alone)
      if (joined === undefined) continue
      plans[index] = joined
      return true
    }
    return false
  }

  /** Two of one page become one if jumps of either may lead anywhere, to the other. */
  #joined(plan: Plan, other: Plan): Plan | undefined {
    if (!(plan.grown.isOpen || other.grown.isOpen)) return undefined
    const [mine, theirs] = [plan, other].map(({ grown }) => grown.blocks[0]!)
    const [mode, otherMode] = [mine!, theirs!].map(({ address }) => this.#view.getUint32(address + inBlock.mode, true))
    const apart = distance(plan.seeds[0]!, other.seeds[0]!)
    if (pageOf(plan) !== pageOf(other) || theirs!.host - mine!.host !== apart || mode !== otherMode) return undefined
    const seeds = [...plan.seeds, ...other.seeds]
    const isWhole = plan.isWhole || other.isWhole
    const grown = this.#grownFrom(seeds, isWhole, [])
    return grown && { seeds, grown, isWhole, remade: plan.remade }
  }

  /** A region that there is and that this one joins is taken away, to be made anew. */
  #remade(alone: Plan): Plan | undefined {
    for (const region of this.#open.get(pageOf(alone)) ?? []) {
      const plan = region.remade < remadeAtMost ? this.#joined(region, alone) : undefined
      if (plan === undefined) continue
      this.#remove(region)
      return { ...plan, remade: plan.remade + 1 }
    }
    return undefined
  }

  // -- compiling -------------------------------------------------------------------------------------------------

  #compile(): void {
    const asked = [...this.#asked.values()]
    this.#asked.clear()
    this.#makeRoom(asked.length)
    this.#instantiate(this.#plansFor(asked))
  }

  #instantiate(plans: readonly Plan[]): void {
    const made: Region[] = plans.map((plan) => ({ ...plan, slot: this.#free.pop()! }))
    this.#room.made(this.#functions.place(made.map((region) => this.#partsOf(region))), made)
    this.#compiling.counting.regionsCompiled += made.length
    for (const region of made) this.#enter(region)
  }

  #partsOf({ seeds, grown, isWhole, slot }: Region): RegionInSlot {
    const { memoryBase, threads } = this.#linkage
    const [{ state }] = seeds as [Seed]
    const order = orderOf(withReturns(grown.blocks), grown.entries)
    const payments = paymentsOf(order, ({ address }) => this.#ranOf(address))
    const runsAtMost = grown.isPart && !isWhole ? this.#options.wholeAfter : undefined
    return { order, payments, ...premisesOf(state), memoryBase, threads, view: this.#view, slot, runsAtMost }
  }

  #enter(region: Region): void {
    const { blocks, entries, isOpen } = region.grown
    this.#bySlot.set(region.slot, region)
    if (isOpen) added(this.#open, pageOf(region), region)
    for (const { address, offset } of blocks) {
      added(this.#containing, address, region)
      const entry = entries.indexOf(offset)
      if (entry < 0) continue
      // a block that is run by a region of its own goes on so
      if (entry >= region.seeds.length && this.#view.getUint32(address + inBlock.region, true) !== 0) continue
      this.#heat.stop(address)
      this.#setRegion(address, region.slot + 1)
      this.#view.setUint32(address + inBlock.runs, 0, true)
      this.#view.setUint32(address + inBlock.entry, entry, true)
      this.#view.setInt32(address + inBlock.distance, offset, true)
      this.#removeReplaced(address)
    }
  }

  /** What was entered at a block, and now is entered nowhere, is of no more use. */
  #removeReplaced(block: number): void {
    for (const region of [...this.#containing.get(block)!]) {
      if (!entriesOf(region.grown).some((address) => this.#isEntry(address, region))) this.#remove(region)
    }
  }
}

/** What calls a region of so few instructions has them, too: to go there and back costs more. */
const smallSteps = 16

const isLarge = (plan: Plan | undefined): boolean => plan !== undefined && plan.grown.steps > smallSteps

/** The blocks that a region is entered at. */
const entriesOf = ({ blocks, entries }: Grown): number[] =>
  blocks.flatMap(({ address, offset }) => (entries.includes(offset) ? [address] : []))

/** The page that a region's first block is on. */
const pageOf = ({ grown }: Plan): number => grown.blocks[0]!.host >>> 12

function added<T>(sets: Map<number, Set<T>>, key: number, value: T): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}
