import { type Surroundings, unanswered } from '@vmm/x86-semantics'
import { at } from './state-layout.ts'
import type { StateView } from './state-view.ts'

interface Around {
  readonly state: StateView
  readonly ports: Surroundings
  /** The block under execution ends after this instruction. */
  readonly resync: () => void
}

/** Accesses to memory whose owner wants to be told of them. */
export class ToldAccesses {
  readonly #around: Around
  /** An event is being delivered: it cannot be left half way. */
  delivers = false

  constructor(around: Around) {
    this.#around = around
  }

  /** A page is about to be touched. False if that must not be: it has been noted. */
  begin(physical: number, access: 'load' | 'store'): boolean {
    const { state, ports } = this.#around
    if (this.delivers || state.word(at.delivering) !== 0) this.done(physical, access)
    else if (ports.touched?.(physical, access) === false) {
      state.noteFault(unanswered, undefined)
      return false
    }
    return true
  }

  /** A page is touched, whatever its owner says: `run` comes back behind the instruction if it must not go on. */
  done(physical: number, access: 'load' | 'store'): void {
    const { ports, resync } = this.#around
    if (ports.touched?.(physical, access) === false) resync()
  }
}
