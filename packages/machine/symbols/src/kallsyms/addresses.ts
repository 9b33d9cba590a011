import type { NameTable } from './names.ts'
import type { TokenTable } from './token-table.ts'

/** Where the offsets are, and the address that they count from. */
interface Offsets {
  readonly at: number
  readonly base: bigint
}

/** Kernels are in the upper half, of 64 bits or of 32. */
const lowest = { 8: 0xffff_8000_0000_0000n, 4: 0x4000_0000n } as const

/**
 * The addresses of a kernel's symbols, in the order of their names: offsets of 32 bits from one base, which stand before the count of
 * names or, since Linux 6.4, behind the words. A kernel that has moved itself has moved the base, too. Undefined if neither
 * makes sense.
 * Source: scripts/kallsyms.c, write_src; kernel/kallsyms.c, kallsyms_sym_address (Linux 6.1, 6.12).
 */
export function readAddresses(view: DataView, names: NameTable, words: TokenTable): BigUint64Array | undefined {
  for (const word of [8, 4] as const) {
    for (const place of [before, behind]) {
      const offsets = place(view, names, words, word)
      const found = offsets && addressesFrom(view, offsets, names.count, word)
      if (found !== undefined) return found
    }
  }
  return undefined
}

type Word = 4 | 8

const up = (at: number, word: Word): number => Math.ceil(at / word) * word

function baseAt(view: DataView, at: number, word: Word): bigint {
  return word === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true))
}

/** Offsets, base, count, names: each on a word. */
function before(view: DataView, { at, count }: NameTable, _: TokenTable, word: Word): Offsets | undefined {
  const base = at - 2 * word
  const offsets = base - up(count * 4, word)
  return offsets < 0 ? undefined : { at: offsets, base: baseAt(view, base, word) }
}

/** Words, their index, offsets, base. */
function behind(view: DataView, { count }: NameTable, { end }: TokenTable, word: Word): Offsets | undefined {
  const offsets = up(end, word)
  const base = up(offsets + count * 4, word)
  return base + word > view.byteLength ? undefined : { at: offsets, base: baseAt(view, base, word) }
}

/** Addresses, if they ascend from a base that is a kernel's. Where per-CPU symbols are absolute, all others count down from the base. */
function addressesFrom(view: DataView, { at, base }: Offsets, count: number, word: Word): BigUint64Array | undefined {
  if (base < lowest[word] || (base & 0xfffn) !== 0n) return undefined
  const addresses = new BigUint64Array(count)
  const countsDown = view.getInt32(at + (count - 1) * 4, true) < 0
  for (let index = 0; index < count; index += 1) {
    const offset = view.getInt32(at + index * 4, true)
    const isAbsolute = countsDown && offset >= 0
    const from = countsDown ? -1 - offset : offset >>> 0
    addresses[index] = isAbsolute ? BigInt(offset) : base + BigInt(from)
    if (index > 0 && addresses[index]! < addresses[index - 1]!) return undefined
  }
  return addresses
}
