import type { MemoryMap } from './memory-map.ts'
import { at, inKnownAccess, knownAccessBytes, knownAccesses, recordBytes } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** Instructions whose accesses to a page without memory were let through, by their records. Emitted code looks here too. */
export class KnownAccesses {
  readonly #state: StateView
  readonly #blocks: MemoryMap['blocks']
  #repeated = 0
  #holds = false

  /** Records of blocks that are kept lie there. */
  constructor(state: StateView, blocks: MemoryMap['blocks']) {
    this.#state = state
    this.#blocks = blocks
  }

  /** Whether such an access was let through before; it is counted. */
  repeats(record: number, physical: number, purpose: 'read' | 'write'): boolean {
    const place = placeOf(record)
    const page =
      this.#state.word(place + inKnownAccess.page) + this.#state.word(place + inKnownAccess.page + 4) * 2 ** 32
    const isKnown = this.#state.word(place + inKnownAccess.key) === keyOf(record, purpose) && page === pageOf(physical)
    if (isKnown) this.#repeated += 1
    return isKnown
  }

  /** An access was let through. Records of blocks that are not kept may be another instruction's soon. */
  keep(record: number, physical: number, purpose: 'read' | 'write'): void {
    if (record < this.#blocks.from || record >= this.#blocks.to) return
    const place = placeOf(record)
    this.#state.setWord(place + inKnownAccess.key, keyOf(record, purpose))
    this.#state.setLong(place + inKnownAccess.page, BigInt(pageOf(physical)))
    this.#holds = true
  }

  /** All must be asked about again. */
  forget(): void {
    if (!this.#holds) return
    this.#holds = false
    for (let index = 0; index < knownAccesses; index += 1)
      this.#state.setWord(at.knownAccesses + index * knownAccessBytes + inKnownAccess.key, 0)
  }

  /** How many were not asked about since the last look. */
  takeRepeated(): number {
    const repeated = this.#repeated
    this.#repeated = 0
    return repeated
  }
}

const placeOf = (record: number): number =>
  at.knownAccesses + (Math.floor(record / recordBytes) & (knownAccesses - 1)) * knownAccessBytes

/** Records lie on boundaries of eight bytes. */
const keyOf = (record: number, purpose: 'read' | 'write'): number => (purpose === 'write' ? record + 1 : record)

const pageOf = (physical: number): number => Math.floor(physical / 4096) * 4096
