import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** The time-stamp counter, where nothing but instructions moves it on: emitted code computes what it shows. */
export class KnownTimeStamp {
  readonly #state: StateView
  readonly #retired: () => number
  #holds = true

  /** `retired`: instructions so far. */
  constructor(state: StateView, retired: () => number) {
    this.#state = state
    this.#retired = retired
    this.forget()
  }

  /** It shows this now, and so many more behind each instruction, a whole number, until `forget`, or until an MSR is written. */
  keep(value: bigint, perInstruction: number): void {
    this.#holds = true
    const rate = BigInt(perInstruction)
    this.#state.setLong(at.stampBase, BigInt.asUintN(64, value - rate * BigInt(this.#retired())))
    this.#state.setLong(at.stampRate, rate)
  }

  /** It may show anything now. */
  forget(): void {
    // every run begins so, and most know nothing yet
    if (!this.#holds) return
    this.#holds = false
    this.#state.setLong(at.stampRate, 0n)
  }
}
