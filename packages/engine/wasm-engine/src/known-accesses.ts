import type { MemoryMap } from './memory-map.ts'
import { recordBytes } from './state-layout.ts'

const places = 64

/** Instructions whose accesses to a page without memory were let through, by their records. */
export class KnownAccesses {
  readonly #records = new Uint32Array(places)
  readonly #pages = new Float64Array(places)
  readonly #blocks: MemoryMap['blocks']
  #repeated = 0

  /** Records of blocks that are kept lie there. */
  constructor(blocks: MemoryMap['blocks']) {
    this.#blocks = blocks
  }

  /** Whether such an access was let through before; it is counted. */
  repeats(record: number, physical: number, purpose: 'read' | 'write'): boolean {
    const place = (record / recordBytes) & (places - 1)
    const isKnown = this.#records[place] === keyOf(record, purpose) && this.#pages[place] === pageOf(physical)
    if (isKnown) this.#repeated += 1
    return isKnown
  }

  /** An access was let through. Records of blocks that are not kept may be another instruction's soon. */
  keep(record: number, physical: number, purpose: 'read' | 'write'): void {
    if (record < this.#blocks.from || record >= this.#blocks.to) return
    const place = (record / recordBytes) & (places - 1)
    this.#records[place] = keyOf(record, purpose)
    this.#pages[place] = pageOf(physical)
  }

  /** All must be asked about again. */
  forget(): void {
    this.#records.fill(0)
  }

  /** How many were not asked about since the last look. */
  takeRepeated(): number {
    const repeated = this.#repeated
    this.#repeated = 0
    return repeated
  }
}

/** Records lie on boundaries of their size. */
const keyOf = (record: number, purpose: 'read' | 'write'): number => (purpose === 'write' ? record + 1 : record)

const pageOf = (physical: number): number => Math.floor(physical / 4096)
