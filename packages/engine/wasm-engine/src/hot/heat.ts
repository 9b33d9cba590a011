import { inBlock } from '../state-layout.ts'

/** Code that runs again and again: how often it is entered before that is asked, and how many instructions lie between two entries at most. */
export interface Dense {
  readonly entries: number
  readonly apart: number
}

/** How often a block was entered before it counts down what it counts down now, from where, and how many instructions had been run then. */
interface Stretch {
  readonly before: number
  readonly length: number
  readonly since: number | undefined
}

/** When a block asks: how many entries make it hot, and how many instructions have been run. */
export interface Moment {
  readonly threshold: number
  readonly retired: number
}

/** More often than anything is counted. */
const always = 2 ** 30

/**
 * How often blocks have been entered. They count down themselves, and ask at zero; what is dense is told by looking at the clock before, each time that the count has doubled.
 */
export class Heat {
  readonly #view: DataView
  readonly #dense: Dense | undefined
  /** Of a block, from its second stretch on. */
  readonly #stretches = new Map<number, Stretch>()

  constructor(view: DataView, dense: Dense | undefined) {
    this.#view = view
    this.#dense = dense
  }

  /** How long a block counts first that is hot after so many entries. */
  firstOf(threshold: number): number {
    const { entries } = this.#dense ?? { entries: threshold }
    return threshold > 2 * entries ? entries : threshold
  }

  /** How often a block has been entered that is hot after so many. */
  ranOf(block: number, threshold: number): number {
    const { before, length } = this.#stretchOf(block, threshold)
    return Math.max(0, before + length - this.#view.getInt32(block + inBlock.heat, true))
  }

  /** Whether a block that asks is hot: after so many entries, or since it is entered again and again. Else it goes on counting. */
  isHot(block: number, { threshold, retired }: Moment): boolean {
    const { before, length, since } = this.#stretchOf(block, threshold)
    const ran = before + length
    if (this.#dense === undefined || ran >= threshold) return true
    if (since !== undefined && retired >= since && retired - since <= length * this.#dense.apart) return true
    this.#count(block, { before: ran, length: Math.min(ran, threshold - ran), since: retired })
    return false
  }

  /** It asks again after so many more. */
  wait(block: number, entries: number, { threshold, retired }: Moment): void {
    this.#count(block, { before: this.ranOf(block, threshold), length: entries, since: retired })
  }

  /** It has a region, and counts no more. */
  stop(block: number): void {
    this.#count(block, { before: always, length: 0, since: undefined })
  }

  /** It begins anew. */
  begin(block: number, threshold: number): void {
    this.#stretches.delete(block)
    this.#view.setInt32(block + inBlock.heat, this.firstOf(threshold), true)
  }

  forget(block: number): void {
    this.#stretches.delete(block)
  }

  forgetAll(): void {
    this.#stretches.clear()
  }

  #stretchOf(block: number, threshold: number): Stretch {
    return this.#stretches.get(block) ?? { before: 0, length: this.firstOf(threshold), since: undefined }
  }

  #count(block: number, stretch: Stretch): void {
    this.#stretches.set(block, stretch)
    this.#view.setInt32(block + inBlock.heat, stretch.length, true)
  }
}
