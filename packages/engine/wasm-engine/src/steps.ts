import type { BlockCache } from './block-cache.ts'
import type { CodeBytes } from './code-bytes.ts'
import { alone, limited, resumes } from './mode-word.ts'
import { at, inBlock } from './state-layout.ts'
import type { StateView } from './state-view.ts'

/** A block that is run once and kept nowhere: where it is, and its instructions. */
export interface Passing {
  readonly block: number
  readonly instructions: number
}

interface Around {
  readonly cpu: number
  readonly state: StateView
  readonly code: CodeBytes
  readonly blocks: BlockCache
}

const pageMask = 0xfff

/** Code that is run by no block that is kept: the budget is short, or its bytes lie in two pages or in no memory. */
export class Steps {
  readonly #around: Around

  constructor(around: Around) {
    this.#around = around
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
    if (most === 1 || (mode & (resumes | alone | limited)) !== 0) return undefined
    const host = code.host()
    blocks.makeRoom()
    if (host === 0 || blocks.at(host, mode) === undefined) return undefined
    const block = cpu + at.prefix
    if (blocks.write(block, host, ((host | pageMask) >>> 0) + 1, mode, most, false) === 0) return undefined
    return { block, instructions: state.word(at.prefix + inBlock.count) }
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
