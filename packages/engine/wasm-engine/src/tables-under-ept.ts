import { ownTranslations, type TranslationSpace } from '@vmm/x86-registers'
import { at, knownTableBytes, knownTables } from './state-layout.ts'

/**
 * Where EPT has the pages of a guest's paging structures, as emitted code has noted it: under one EPT pointer at a time. L1 has none, and L2 may
 * come back to its own.
 */
export class TablesUnderEpt {
  readonly #noted: Uint8Array
  #eptp = 0n
  /** The space that was used last: to compare it takes less time than its pointer. */
  #last = ownTranslations

  constructor(cpu: number, buffer: SharedArrayBuffer) {
    this.#noted = new Uint8Array(buffer, cpu + at.knownTables, 2 * knownTables * knownTableBytes)
  }

  /** What is noted from now on is of this space. */
  use(space: TranslationSpace): void {
    if (space === ownTranslations || space === this.#last) return
    this.#last = space
    if (space.eptp === 0n || space.eptp === this.#eptp) return
    this.#eptp = space.eptp
    this.forget()
  }

  /** Nothing is noted. */
  forget(): void {
    this.#noted.fill(0)
  }
}
