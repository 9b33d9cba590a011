import type { HandlerTable } from './handler-table.ts'
import { hotHandlers } from './hot-handlers.rows.ts'
import { hotHandlers32 } from './hot-handlers-32.rows.ts'
import { hotPairs } from './hot-pairs.rows.ts'
import { hotPairs32 } from './hot-pairs-32.rows.ts'
import { type Hot, inlineHandlers, numbersOf } from './inline-handlers.ts'
import { type Counts, firstHandler, type LoopOptions, runBlocksFunction } from './interpreter/run.ts'
import type { MemoryMap } from './memory-map.ts'
import { modeWord } from './mode-word.ts'
import { loopType } from './runtime.ts'
import { at, modesOfCode } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** The mode of the first loop, which is always there, as the bare one is. */
export const longMode = modeWord({ execution: 'long', codeSize: 64, stackSize: 64, user: false })
const protected32 = modeWord({ execution: 'protected', codeSize: 32, stackSize: 32, user: false })

/** A guest that has run so much in a mode, outside regions, will run more: below that, making the loop takes longer than it saves. */
const worthwhile = 10_000_000

interface ModeLoop {
  readonly word: number
  readonly hot: Hot
  /** The number of its first handler. */
  readonly first: number
  readonly slot: number
  ran: number
}

/** What the first loop contains. */
export const hotOfLongMode: Hot = { handlers: hotHandlers, pairs: hotPairs }
const hot32: Hot = { handlers: hotHandlers32, pairs: hotPairs32 }
const first32 = firstHandler + numbersOf(hotOfLongMode)
const numbersEnd = first32 + numbersOf(hot32)

/** The slot of the loop that has no handlers of its own: it is soon compiled, and runs what has no other loop. */
export const bareLoopSlot = numbersEnd + 1

/** Table slots from here on are nobody's. */
export const slotsOfLoops = bareLoopSlot + 1

/** Modes that get a run loop with their own hot handlers once a guest is seen to live in them. */
export class ModeLoops {
  readonly #loops: readonly ModeLoop[] = [{ word: protected32, hot: hot32, first: first32, slot: numbersEnd, ran: 0 }]
  readonly #handlers: HandlerTable
  readonly #states: StateView[] = []
  readonly counts: Counts
  readonly #map: MemoryMap
  readonly #regions: boolean

  constructor(handlers: HandlerTable, { counts, map, regions }: Pick<LoopOptions, 'counts' | 'map' | 'regions'>) {
    this.#map = map
    this.#regions = regions
    this.#handlers = handlers
    this.counts = counts
  }

  /** One processor more finds the loops that there are. */
  serve(state: StateView): void {
    this.#states.push(state)
    state.beginPassing()
    for (let mode = 0; mode < modesOfCode; mode += 1)
      if (mode !== (longMode & (modesOfCode - 1))) enter({ word: mode, slot: bareLoopSlot }, state)
    for (const loop of this.#loops) if (loop.ran >= worthwhile) enter(loop, state)
  }

  /** A mode has run so many instructions outside regions. True if it has got a loop: its blocks must be made anew. */
  ran(mode: number, instructions: number): boolean {
    const loop = this.#loopOf(mode)
    if (loop === undefined || loop.ran >= worthwhile) return false
    loop.ran += instructions
    if (loop.ran < worthwhile) return false
    this.#make(loop)
    for (const state of this.#states) enter(loop, state)
    return true
  }

  #loopOf(mode: number): ModeLoop | undefined {
    for (const loop of this.#loops) if (((loop.word ^ mode) & (modesOfCode - 1)) === 0) return loop
    return undefined
  }

  #make({ word, hot, first, slot }: ModeLoop): void {
    const inline = inlineHandlers(hot, this.#handlers, { word, first })
    const options = { counts: this.counts, first, map: this.#map, regions: this.#regions }
    this.#handlers.place(slot, loopType, (around) => runBlocksFunction(around.runtime, inline(around), options))
    this.#handlers.flush()
  }
}

const enter = ({ word, slot }: Pick<ModeLoop, 'word' | 'slot'>, state: StateView): void =>
  state.setShort(at.loopSlots + (word & (modesOfCode - 1)) * 2, slot)
