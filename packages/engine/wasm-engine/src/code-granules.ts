import type { MemoryMap } from './memory-map.ts'

const pageBytes = 4096
export const granuleBytes = 64

/** Which 64-byte granules of guest memory hold decoded code: a store to any other needs no look at blocks. */
export class CodeGranules {
  readonly #map: MemoryMap
  readonly #words: Uint32Array

  constructor(map: MemoryMap, buffer: SharedArrayBuffer) {
    this.#map = map
    this.#words = new Uint32Array(buffer)
  }

  /** Code lies from `host` up to `end`, in one page. */
  add(host: number, end: number): void {
    const words = this.#wordsOf(host)
    const last = ((end - 1) & (pageBytes - 1)) / granuleBytes
    for (let granule = Math.floor((host & (pageBytes - 1)) / granuleBytes); granule <= last; granule += 1)
      this.#words[words + (granule >>> 5)]! |= 1 << (granule & 31)
  }

  /** The page of `host` has no code. */
  clear(host: number): void {
    this.#words.fill(0, this.#wordsOf(host), this.#wordsOf(host) + 2)
  }

  /** Two words for each page. */
  #wordsOf(host: number): number {
    return (this.#map.granules >>> 2) + ((host - this.#map.memoryBase) >>> 12) * 2
  }
}
