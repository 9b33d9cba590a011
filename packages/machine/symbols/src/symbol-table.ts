/** A name for what begins at an address. */
export interface SymbolRow {
  readonly address: bigint
  readonly name: string
  /** Whether it names code; the rest bounds it. */
  readonly isCode: boolean
  /** Bytes that it names; 0: as far as the next one. */
  readonly size: number
}

/** What an address lies in. */
export interface SymbolAt {
  readonly name: string
  /** Bytes behind the beginning of what is named. */
  readonly offset: number
}

/** Where nothing else bounds the last one, a function is not longer than this. */
const longest = 1n << 20n

/** Names by address. Of several for one address the first given one is told. */
export class SymbolTable {
  /** In the order of their addresses. */
  readonly rows: readonly SymbolRow[]
  readonly #addresses: BigUint64Array

  constructor(rows: Iterable<SymbolRow>) {
    this.rows = [...rows].sort((a, b) => (a.address < b.address ? -1 : Number(a.address > b.address)))
    this.#addresses = BigUint64Array.from(this.rows, ({ address }) => address)
  }

  /** The code that an address is in, by name. Undefined for what is no code, or has no name. */
  at(address: bigint): SymbolAt | undefined {
    const row = this.#codeAt(this.#lastUpTo(address))
    if (row === undefined) return undefined
    const offset = address - row.address
    return offset >= (row.size === 0 ? longest : BigInt(row.size))
      ? undefined
      : { name: row.name, offset: Number(offset) }
  }

  /** Where a name is; of several things of this name the first one. */
  named(name: string): bigint | undefined {
    return this.rows.find((row) => row.name === name)?.address
  }

  /** Of all that begins where row `last` does, the first that is code. */
  #codeAt(last: number): SymbolRow | undefined {
    let first = last
    while (first > 0 && this.#addresses[first - 1] === this.#addresses[last]) first -= 1
    return this.rows.slice(Math.max(first, 0), last + 1).find(({ isCode }) => isCode)
  }

  /** The index of the last row that does not begin behind an address, or -1. */
  #lastUpTo(address: bigint): number {
    let [low, high] = [0, this.#addresses.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#addresses[middle]! <= address) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
