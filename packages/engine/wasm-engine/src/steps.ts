import type { BlockCache } from './block-cache.ts'
import type { CodeBytes } from './code-bytes.ts'
import { alone, awaiting, limited, resumes } from './mode-word.ts'
import { at, blockHeadBytes, inBlock, longestBlock, prefixBytes, recordBytes } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** A block that is run once and kept nowhere: where it is, and its instructions. */
export interface Passing {
  readonly block: number
  readonly instructions: number
}

interface Around {
  readonly cpu: number
  /** Linear memory. */
  readonly bytes: Uint8Array
  readonly state: StateView
  readonly code: CodeBytes
  readonly blocks: BlockCache
}

const pageMask = 0xfff
/** Turns end again and again in the same few blocks. */
const partsAtMost = 256

/** First instructions of blocks as they were written before: a place of memory, where they are run, takes them back. */
class KnownParts {
  readonly #place: Uint8Array
  readonly #known = new Map<number, Uint8Array>()
  #generation = 0

  constructor(place: Uint8Array) {
    this.#place = place
  }

  /** So many of a block, while blocks of a generation are: an address is then one block's. */
  recall(block: number, instructions: number, generation: number): boolean {
    if (this.#generation !== generation || this.#known.size > partsAtMost) this.#known.clear()
    this.#generation = generation
    const known = this.#known.get(keyOf(block, instructions))
    if (known === undefined) return false
    this.#place.set(known)
    return true
  }

  /** What is there now is so many of a block. */
  keep(block: number, instructions: number): void {
    const bytes = blockHeadBytes + (instructions + 1) * recordBytes
    this.#known.set(keyOf(block, instructions), this.#place.slice(0, bytes))
  }
}

const keyOf = (block: number, instructions: number): number => block * longestBlock + instructions

/** Code that is run by no block that is kept: the budget is short, or its bytes lie in two pages or in no memory. */
export class Steps {
  readonly #around: Around
  readonly #parts: KnownParts

  constructor(around: Around) {
    this.#around = around
    this.#parts = new KnownParts(around.bytes.subarray(around.cpu + at.prefix, around.cpu + at.prefix + prefixBytes))
  }

  /**
   * At most so many instructions from RIP on. `kept`: emitted code finds them now. `fault`: they cannot be fetched, and why has been noted.
   */
  take(most: number): Passing | 'kept' | 'fault' {
    return this.#first(most) ?? this.#one()
  }

  /** The first instructions of the block that is kept for RIP: by that one, stores to them are seen. */
  #first(most: number): Passing | undefined {
    const { cpu, state, code, blocks } = this.#around
    const mode = state.word(at.mode)
    if (most === 1 || (mode & (resumes | alone | limited | awaiting)) !== 0) return undefined
    const host = code.host()
    blocks.makeRoom()
    const whole = host === 0 ? undefined : blocks.at(host, mode)
    if (whole === undefined) return undefined
    const block = cpu + at.prefix
    if (this.#parts.recall(whole, most, blocks.generation)) return { block, instructions: most }
    if (blocks.write(block, host, ((host | pageMask) >>> 0) + 1, mode, most, false) === 0) return undefined
    const instructions = state.word(at.prefix + inBlock.count)
    if (instructions === most) this.#parts.keep(whole, most)
    return { block, instructions }
  }

  #one(): Passing | 'kept' | 'fault' {
    const { cpu, state, code, blocks } = this.#around
    const [block, start, mode] = [cpu + at.stepBlock, cpu + at.stepBytes, state.word(at.mode)]
    const decodes = (bytes: number) => bytes > 0 && blocks.write(block, start, start + bytes, mode, 1, false) > 0
    const first = code.first()
    // the next page takes part only if the bytes before it are no whole instruction
    if (first === 0 || !(decodes(first) || decodes(code.rest(first)))) return 'fault'
    return code.keep(first) ? 'kept' : { block, instructions: 1 }
  }
}
