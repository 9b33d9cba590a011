import type { Random } from '../cpu/random.ts'
import { at } from './layout.ts'

/** How a case's linear addresses are translated. */
export type Paging = 'none' | '32-bit' | 'PAE' | '4-level' | '5-level'

const page = 0x1000
/** Pages of the window that each have an entry of their own. */
const window = 32

/** Bits of an entry. Source: SDM 3A §4.3, §4.5. */
const bit = {
  present: 1n,
  writable: 2n,
  user: 4n,
  accessed: 0x20n,
  dirty: 0x40n,
  large: 0x80n,
  global: 0x100n,
} as const
const noExecute = 1n << 63n

/** Where a table is in guest-physical memory. */
const table = (index: number): number => at.tables + index * page

/** Writes tables that map the first pages to themselves, most of them, with rights by chance. Gives CR3. */
export function writePageTables(view: DataView, random: Random, paging: Paging): bigint {
  if (paging === 'none') return 0n
  if (paging === '32-bit') return narrow(view, random)
  const put = (tableIndex: number, index: number, value: bigint) =>
    view.setBigUint64(tableIndex * page + index * 8, BigInt.asUintN(64, value), true)
  const link = (to: number) => BigInt(table(to)) | bit.present | bit.writable | bit.user | marks(random)
  const [directory, pages] = [3, 4]
  put(directory, 0, link(pages))
  put(
    directory,
    1,
    0x20_0000n | bit.large | bit.present | bit.writable | marks(random) | (random.once(2) ? bit.user : 0n),
  )
  put(directory, 2, random.bits() | (random.once(2) ? bit.present : 0n))
  put(directory, 511, link(pages))
  for (let index = 0; index < window; index += 1) put(pages, index, leaf(random, index, true))
  put(pages, 511, leaf(random, window - 1, true))
  if (paging === 'PAE') {
    put(2, 0, BigInt(table(directory)) | bit.present | (random.once(20) ? bit.writable : 0n))
    put(2, 3, BigInt(table(directory)) | bit.present)
    return BigInt(table(2))
  }
  for (const index of [0, 511]) {
    put(2, index, link(directory))
    put(1, index, link(2))
    put(0, index, link(1))
  }
  return BigInt(table(paging === '5-level' ? 0 : 1))
}

function narrow(view: DataView, random: Random): bigint {
  const put = (tableIndex: number, index: number, value: bigint) =>
    view.setUint32(tableIndex * page + index * 4, Number(BigInt.asUintN(32, value)), true)
  put(0, 0, BigInt(table(1)) | bit.present | bit.writable | bit.user | marks(random))
  put(0, 1, 0x40_0000n | bit.large | bit.present | bit.writable | marks(random) | (random.once(2) ? bit.user : 0n))
  put(0, 2, random.bits())
  put(0, 1023, BigInt(table(1)) | bit.present | bit.writable | bit.user)
  for (let index = 0; index < window; index += 1) put(1, index, leaf(random, index, false))
  put(1, 1023, leaf(random, window - 1, false))
  return BigInt(table(0))
}

const marks = (random: Random): bigint => random.pick([0n, bit.accessed, bit.accessed | bit.dirty])

/** The entry of one page: itself with all rights more often than not. */
function leaf(random: Random, index: number, wide: boolean): bigint {
  const own = BigInt(index * page)
  const [open, system] = [index >= at.code / page, index >= 1 && index < 4]
  const all = own | bit.present | bit.writable | marks(random) | (open || random.once(2) ? bit.user : 0n)
  if (system ? !random.once(40) : random.once(2)) return all
  switch (random.below(8)) {
    case 0:
      return all & ~bit.present
    case 1:
      return all & ~bit.writable
    case 2:
      return all & ~bit.user
    case 3:
      return wide ? all | noExecute : all
    case 4:
      return all | bit.global
    case 5:
      // another page's memory, the ROM, or a device
      return (all & ~own) | BigInt(random.pick([at.data, at.data + page, at.rom, 0x8_0000]))
    case 6:
      return wide && random.once(2) ? all | (1n << BigInt(40 + random.below(22))) : all
    default:
      return all & ~bit.accessed & ~bit.dirty
  }
}
