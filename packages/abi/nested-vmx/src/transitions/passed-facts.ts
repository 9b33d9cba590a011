import type { EntryFacts } from '../entry/entry-processor.ts'

/** What was around an entry that passed. Where memory was looked at, nothing tells whether it is as it was. */
export class PassedFacts {
  #longMode = false
  #inSmm = false
  #currentVmcs = 0
  #holds = false
  #looksAtMemory = false

  /** Whether the checks of what is around would come to the same. */
  areThose({ longMode, inSmm, currentVmcs }: EntryFacts): boolean {
    return this.#holds && longMode === this.#longMode && inSmm === this.#inSmm && currentVmcs === this.#currentVmcs
  }

  /** The same facts, for checks whose verdict follows. */
  watched({ longMode, inSmm, currentVmcs, memory }: EntryFacts): EntryFacts {
    this.#longMode = longMode
    this.#inSmm = inSmm
    this.#currentVmcs = currentVmcs
    this.#looksAtMemory = false
    const told = (address: number): number | undefined => {
      this.#looksAtMemory = true
      return memory(address)
    }
    return { longMode, inSmm, currentVmcs, memory: told }
  }

  /** They have passed, or have not. */
  passed(passed: boolean): void {
    this.#holds = passed && !this.#looksAtMemory
  }

  /** Another VMCS is current. */
  forget(): void {
    this.#holds = false
  }
}
