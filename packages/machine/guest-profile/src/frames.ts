import type { StackState, SymbolTable } from '@vmm/symbols'
import type { NamedSample, Sample } from './sample.ts'

const program = 3
/** What of CR3 is no address: the PCID, and the bit that tells the two halves of a page-table isolation apart. */
const notOfSpace = 0x1fffn
const pageBits = 12n

/** Who knows names of a guest's code, and who called it. */
export interface Names {
  /** The first table that knows an address names it. */
  readonly tables: readonly SymbolTable[]
  /** Addresses in the callers of what is executing, the next one first, if that can be told. */
  readonly callers?: (state: StackState) => readonly bigint[]
}

/** Names places: code of the system by its symbols, programs by address space, and what has no name by its page. */
export class Frames {
  readonly #names: Names
  readonly #spaces: Map<bigint, number>
  /** What was named before: callers are few. */
  readonly #known = new Map<bigint, string>()

  /** `spaces` has numbers that were given before. */
  constructor(names: Names, spaces = new Map<bigint, number>()) {
    this.#names = names
    this.#spaces = spaces
  }

  /** The names that a sample gets. */
  of(sample: Sample): Pick<NamedSample, 'frames' | 'place'> {
    const { rip, privilege, space } = sample
    if (privilege === program) {
      const place = ['programs', `address space ${this.#numberOf(space)}`, pageOf(rip)]
      return { frames: place, place }
    }
    const name = this.#nameOf(rip)
    return { frames: ['system', ...this.#callers(sample), name], place: ['system', name] }
  }

  /** Who called, the outermost first. */
  #callers({ rip, stack }: Sample): readonly string[] {
    const { callers } = this.#names
    if (callers === undefined || stack === undefined) return []
    return callers({ rip, ...stack })
      .map((caller) => this.#nameOf(caller))
      .reverse()
  }

  #nameOf(address: bigint): string {
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const name = this.#named(address) ?? pageOf(address)
    this.#known.set(address, name)
    return name
  }

  #named(address: bigint): string | undefined {
    for (const table of this.#names.tables) {
      const found = table.at(address)
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
