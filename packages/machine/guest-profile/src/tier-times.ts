/** Work of an engine that has two tiers, and the milliseconds that both took together. */
export interface TierWork {
  /** Instructions that were interpreted. */
  readonly cold: number
  /** Instructions that ran as compiled code. */
  readonly hot: number
  readonly milliseconds: number
}

/** A stretch that took so many times what it should was interrupted by something else. */
const interrupted = 8

/**
 * Tells apart what two tiers took that run in turns too short to be timed: over many stretches, with more of one and more of the other, an
 * instruction of each has the cost that fits best, by least squares.
 */
export class TierTimes {
  #coldCold = 0
  #coldHot = 0
  #hotHot = 0
  #coldTime = 0
  #hotTime = 0
  #instructions = 0
  #milliseconds = 0

  /** Takes one more stretch. */
  add({ cold, hot, milliseconds }: TierWork): void {
    const expected = ((cold + hot) * this.#milliseconds) / this.#instructions
    this.#instructions += cold + hot
    this.#milliseconds += milliseconds
    if (milliseconds > interrupted * expected) return
    this.#coldCold += cold * cold
    this.#coldHot += cold * hot
    this.#hotHot += hot * hot
    this.#coldTime += cold * milliseconds
    this.#hotTime += hot * milliseconds
  }

  /** Milliseconds of each tier, which together are those of a whole run. */
  of({ cold, hot, milliseconds }: TierWork): { readonly cold: number; readonly hot: number } {
    const { coldCost, hotCost } = this.#costs()
    const [coldWeight, hotWeight] = [cold * coldCost, hot * hotCost]
    const share = coldWeight + hotWeight === 0 ? 1 : coldWeight / (coldWeight + hotWeight)
    return { cold: milliseconds * share, hot: milliseconds * (1 - share) }
  }

  /** What an instruction costs in each, up to a common factor: the same, where stretches do not tell. */
  #costs(): { readonly coldCost: number; readonly hotCost: number } {
    const determinant = this.#coldCold * this.#hotHot - this.#coldHot ** 2
    const coldCost = Math.max(0, (this.#hotHot * this.#coldTime - this.#coldHot * this.#hotTime) / determinant)
    const hotCost = Math.max(0, (this.#coldCold * this.#hotTime - this.#coldHot * this.#coldTime) / determinant)
    return coldCost + hotCost > 0 ? { coldCost, hotCost } : { coldCost: 1, hotCost: 1 }
  }
}
