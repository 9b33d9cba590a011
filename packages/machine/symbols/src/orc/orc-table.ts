import type { SymbolTable } from '../symbol-table.ts'
import { type OrcEntry, type OrcForm, orcEntry, orcEntryBytes, orcForm } from './orc-entry.ts'

/** Kernels are where they were linked for, moved by whole units of this; in memory, too. */
const alignment = 0x20_0000
const banner = 'Linux version '
const ipBytes = 4

/** Where code of a kernel finds its callers: an address for each stretch of code, and how its frame looks. */
export class OrcTable {
  readonly #view: DataView
  readonly #entries: number
  readonly #form: OrcForm
  /** Addresses as bytes behind the first byte of the list of addresses. */
  readonly #offsets: Int32Array
  readonly #base: bigint

  /** `base` is the address of the list, which lies at `ips` in memory; `entries` lie there, too. */
  constructor(view: DataView, base: bigint, ips: number, entries: number, count: number) {
    this.#view = view
    this.#base = base
    this.#entries = entries
    this.#form = orcForm(view, entries, count)
    // each is relative to its own place
    this.#offsets = Int32Array.from(
      { length: count },
      (_, index) => view.getInt32(ips + index * ipBytes, true) + index * ipBytes,
    )
  }

  /** The entry for code at an address; undefined before the first. */
  at(address: bigint): OrcEntry | undefined {
    const offset = Number(BigInt.asIntN(64, address - this.#base))
    let [low, high] = [0, this.#offsets.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#offsets[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low === 0 ? undefined : orcEntry(this.#view, this.#entries + (low - 1) * orcEntryBytes, this.#form)
  }
}

/**
 * Finds the tables that a 64-bit Linux kernel unwinds its own stack by, in memory that it lies in in one piece. Undefined where
 * there are none: kernels that are built otherwise, and those of 32 bits.
 * Source: arch/x86/kernel/unwind_orc.c, orc_find (Linux 6.1); Documentation/arch/x86/orc-unwinder.rst.
 */
export function findOrc(memory: Uint8Array, symbols: SymbolTable): OrcTable | undefined {
  const place = (name: string) => symbols.named(name)
  const [text, begin, end] = [place('linux_banner'), place('__start_orc_unwind_ip'), place('__stop_orc_unwind_ip')]
  const [entries, last] = [place('__start_orc_unwind'), place('__stop_orc_unwind')]
  if (text === undefined || begin === undefined || end === undefined || entries === undefined || last === undefined)
    return undefined
  const bannerAt = placeOfBanner(memory, Number(text % BigInt(alignment)))
  if (bannerAt === undefined) return undefined
  const inMemory = (address: bigint): number => bannerAt + Number(BigInt.asIntN(64, address - text))
  const count = Number(end - begin) / ipBytes
  const isWhole = Number.isInteger(count) && count > 0 && Number(last - entries) === count * orcEntryBytes
  if (!isWhole || inMemory(begin) < 0 || inMemory(entries) < 0) return undefined
  if (inMemory(end) > memory.length || inMemory(last) > memory.length) return undefined
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  return new OrcTable(view, begin, inMemory(begin), inMemory(entries), count)
}

/** Text of this kind is in many places; the kernel's own is where its address says. */
function placeOfBanner(memory: Uint8Array, from: number): number | undefined {
  for (let at = from; at + banner.length <= memory.length; at += alignment)
    if ([...banner].every((character, index) => memory[at + index] === character.charCodeAt(0))) return at
  return undefined
}
