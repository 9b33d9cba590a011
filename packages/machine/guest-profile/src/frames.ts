import type { SymbolTable } from '@vmm/symbols'
import type { Sample } from './sample.ts'

const program = 3
/** What of CR3 is no address: the PCID, and the bit that tells the two halves of a page-table isolation apart. */
const notOfSpace = 0x1fffn
const pageBits = 12n

/** Names places: code of the system by its symbols, programs by address space, and what has no name by its page. */
export class Frames {
  readonly #tables: readonly SymbolTable[]
  readonly #spaces: Map<bigint, number>

  /** The first table that knows an address names it. `spaces` has numbers that were given before. */
  constructor(tables: readonly SymbolTable[], spaces = new Map<bigint, number>()) {
    this.#tables = tables
    this.#spaces = spaces
  }

  /** From what contains all the others to what was executing. */
  of({ rip, privilege, space }: Sample): readonly string[] {
    if (privilege === program) return ['programs', `address space ${this.#numberOf(space)}`, pageOf(rip)]
    return ['system', this.#nameOf(rip) ?? pageOf(rip)]
  }

  #nameOf(rip: bigint): string | undefined {
    for (const table of this.#tables) {
      const found = table.at(rip)
      if (found !== undefined) return found.name
    }
    return undefined
  }

  /** Spaces are numbered as they are met. */
  #numberOf(space: bigint): number {
    const known = this.#spaces.get(space & ~notOfSpace)
    if (known !== undefined) return known
    this.#spaces.set(space & ~notOfSpace, this.#spaces.size + 1)
    return this.#spaces.size
  }
}

/** A page, as an address whose last three digits are left open. */
const pageOf = (address: bigint): string => `[${(address >> pageBits).toString(16)}xxx]`
