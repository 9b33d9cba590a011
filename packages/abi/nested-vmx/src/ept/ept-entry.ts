import { type Fields, fieldOf } from '@vmm/bits'
import { eptFormats, memoryTypes } from './ept-entries.rows.ts'

/** What an EPT structure's entry refers to, or the EPT pointer. */
export type EptFormat = keyof typeof eptFormats

/** A memory type. */
export type MemoryType = keyof typeof memoryTypes

/** A memory type by its number; nothing where it is reserved. */
export function memoryTypeOf(type: bigint): MemoryType | undefined {
  return (Object.keys(memoryTypes) as MemoryType[]).find((name) => BigInt(memoryTypes[name][0]) === type)
}

/**
 * The format of a present entry at a level: 1 is the last. Only levels 2 and 3 may end in a page.
 *
 * Source: SDM 3C 29.3.2 EPT Translation Mechanism.
 */
export function eptFormatAt(level: 1 | 2 | 3 | 4 | 5, entry: bigint): Exclude<EptFormat, 'POINTER'> {
  if (level === 1) return 'PAGE_4K'
  if (level > 3 || fieldOf(entry, eptFormats.PAGE_2M.PAGE) === 0n) return 'TABLE'
  return level === 2 ? 'PAGE_2M' : 'PAGE_1G'
}

/** Takes an EPT entry or pointer apart. An address is told whole, not as a page number. */
export function readEptEntry(format: EptFormat, entry: bigint): Readonly<Record<string, bigint>> {
  const rows: Fields = eptFormats[format]
  const read = Object.entries(rows).map(([name, row]) => {
    const value = fieldOf(entry, row)
    return [name, name === 'ADDRESS' ? value << BigInt(row.low) : value] as const
  })
  return Object.fromEntries(read)
}
