import type { EntryFacts } from '../entry/entry-processor.ts'

const nothing: EntryFacts = { longMode: false, inSmm: false, currentVmcs: 0, memory: () => 0 }

/**
 * What was around an entry that passed, but for which VMCS is current: whoever makes another one current forgets. Where memory was looked
 * at, nothing tells whether it is as it was.
 */
export class PassedFacts {
  #longMode = false
  #inSmm = false
  #holds = false
  readonly #watched = new WatchedFacts()

  /** Whether the checks of what is around would come to the same. */
  areThose(around: EntryFacts): boolean {
    return this.#holds && around.longMode === this.#longMode && around.inSmm === this.#inSmm
  }

  /** The same facts, for checks whose verdict follows. */
  watched(around: EntryFacts): EntryFacts {
    this.#watched.around = around
    this.#watched.looksAtMemory = false
    return this.#watched
  }

  /** They have passed, or have not. */
  passed(passed: boolean): void {
    const { longMode, inSmm, looksAtMemory } = this.#watched
    this.#longMode = longMode
    this.#inSmm = inSmm
    this.#holds = passed && !looksAtMemory
  }

  /** Another VMCS is current. */
  forget(): void {
    this.#holds = false
  }
}

/** Facts that are told as they are, and a note of whether memory was looked at. One object for all that are watched. */
class WatchedFacts implements EntryFacts {
  around = nothing
  looksAtMemory = false

  get longMode(): boolean {
    return this.around.longMode
  }

  get inSmm(): boolean {
    return this.around.inSmm
  }

  get currentVmcs(): number {
    return this.around.currentVmcs
  }

  readonly memory = (address: number): number | undefined => {
    this.looksAtMemory = true
    return this.around.memory(address)
  }
}
