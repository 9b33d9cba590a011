import { type Surroundings, unanswered } from '@vmm/x86-semantics'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

interface Around {
  readonly state: StateView
  readonly ports: Surroundings
  /** The block under execution ends after this instruction. */
  readonly resync: () => void
}

/** Stores to memory whose owner wants to be told of them. */
export class ToldStores {
  readonly #around: Around
  /** An event is being delivered: it cannot be left half way. */
  delivers = false

  constructor(around: Around) {
    this.#around = around
  }

  /** A page is about to be stored to. False if that must not be: it has been noted. */
  begin(physical: number): boolean {
    const { state, ports } = this.#around
    if (this.delivers || state.word(at.delivering) !== 0) this.done(physical)
    else if (ports.toldStore?.(physical) === false) {
      state.noteFault(unanswered, undefined)
      return false
    }
    return true
  }

  /** A page is stored to, whatever its owner says: `run` comes back behind the instruction if it must not go on. */
  done(physical: number): void {
    const { ports, resync } = this.#around
    if (ports.toldStore?.(physical) === false) resync()
  }
}
