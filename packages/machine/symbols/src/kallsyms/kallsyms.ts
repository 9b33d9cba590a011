import { type SymbolRow, SymbolTable } from '../symbol-table.ts'
import { readAddresses } from './addresses.ts'
import { findNames, type KindAndName, readNames } from './names.ts'
import { findTokenTables } from './token-table.ts'

/** What a Linux kernel knows of its own symbols. */
export interface Kallsyms {
  /** As `/proc/kallsyms` has them: addresses where the kernel now is, the letter of `nm`, names. */
  readonly symbols: readonly KernelSymbol[]
  readonly table: SymbolTable
}

/** A row of `/proc/kallsyms`. */
export interface KernelSymbol {
  readonly address: bigint
  /** The letter of `nm`: t and T are code. */
  readonly kind: string
  readonly name: string
}

/** Code, and code that another may stand in for. */
const code = 'tTwW'

/**
 * Finds the tables that a Linux kernel has of itself in memory that it is uncompressed in: a guest's RAM, or a `vmlinux` file. Where
 * there are several, the first. The kernel must be in one piece, and lie on words as the bytes do.
 */
export function findKallsyms(bytes: Uint8Array): Kallsyms | undefined {
  const memory = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  for (const words of findTokenTables(memory)) {
    const names = findNames(view, words)
    const addresses = names && readAddresses(view, names, words)
    if (names !== undefined && addresses !== undefined) return kallsymsOf(addresses, readNames(view, names, words))
  }
  return undefined
}

function kallsymsOf(addresses: BigUint64Array, names: readonly KindAndName[]): Kallsyms {
  const symbols = names.map((name, index) => ({
    address: addresses[index]!,
    kind: name.charAt(0),
    name: name.slice(1),
  }))
  return { symbols, table: new SymbolTable(symbols.map(rowOf)) }
}

function rowOf({ address, kind, name }: KernelSymbol): SymbolRow {
  return { address, name, isCode: code.includes(kind), size: 0 }
}
