import { type SymbolRow, SymbolTable } from './symbol-table.ts'
import { textAt } from './text.ts'

/** Source: System V ABI, chapter 4 (ELF Header, Sections, Symbol Table). */
const elfMark = 0x464c_457f
const littleEndian = 1
const symbolTableType = 2
const executable = 4
const functionType = 2
const typesOfPlaces = [0, functionType]

/** Where 32- and 64-bit files have what is read of them. */
const layouts = {
  1: { header: 52, sections: 32, stride: 46, count: 48, flags: 8, offset: 16, size: 20, link: 24, symbol: 16 },
  2: { header: 64, sections: 40, stride: 58, count: 60, flags: 8, offset: 24, size: 32, link: 40, symbol: 24 },
} as const

interface Section {
  readonly type: number
  readonly isCode: boolean
  readonly offset: number
  readonly size: number
  readonly link: number
}

/**
 * The names in the `.symtab` of a little-endian ELF file. Undefined for what is no such file, or has none: files are hostile, and
 * whatever they are, nothing is read outside them.
 */
export function readElfSymbols(image: Uint8Array): SymbolTable | undefined {
  const reader = readerOf(image)
  if (reader === undefined) return undefined
  const sections = sectionsOf(reader)
  const table = sections.find(({ type }) => type === symbolTableType)
  const strings = table && sections[table.link]
  if (table === undefined || strings === undefined) return undefined
  const names = image.subarray(strings.offset, strings.offset + strings.size)
  const rows: SymbolRow[] = []
  const { symbol } = reader.layout
  for (let at = table.offset; at + symbol <= table.offset + table.size; at += symbol) {
    const row = rowAt(reader, at, sections, names)
    if (row !== undefined) rows.push(row)
  }
  return rows.length === 0 ? undefined : new SymbolTable(rows)
}

interface Reader {
  readonly view: DataView
  readonly isLong: boolean
  readonly layout: (typeof layouts)[1 | 2]
  /** A number of the file's class. */
  readonly word: (at: number) => number
}

function readerOf(image: Uint8Array): Reader | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  if (image.length < layouts[2].header || view.getUint32(0, true) !== elfMark || image[5] !== littleEndian)
    return undefined
  const layout = layouts[image[4] as 1 | 2] as (typeof layouts)[1 | 2] | undefined
  if (layout === undefined) return undefined
  const isLong = layout === layouts[2]
  const word = (at: number) => (isLong ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true))
  return { view, isLong, layout, word }
}

/** All sections, none of which reaches outside the file; none where their headers do. */
function sectionsOf({ view, layout, word }: Reader): readonly Section[] {
  const from = word(layout.sections)
  const [stride, count] = [view.getUint16(layout.stride, true), view.getUint16(layout.count, true)]
  if (stride < layout.link + 4 || from + stride * count > view.byteLength) return []
  return Array.from({ length: count }, (_, index) => {
    const at = from + index * stride
    const section = {
      type: view.getUint32(at + 4, true),
      isCode: (view.getUint32(at + layout.flags, true) & executable) !== 0,
      offset: word(at + layout.offset),
      size: word(at + layout.size),
      link: view.getUint32(at + layout.link, true),
    }
    const isInside = section.offset + section.size <= view.byteLength
    return isInside ? section : { ...section, offset: 0, size: 0 }
  })
}

/** Files, sections and what is not defined here have no place; nor has what has no name. */
function rowAt(
  { view, isLong, word }: Reader,
  at: number,
  sections: readonly Section[],
  names: Uint8Array,
): SymbolRow | undefined {
  const info = view.getUint8(at + (isLong ? 4 : 12))
  const section = sections[view.getUint16(at + (isLong ? 6 : 14), true)]
  const name = textAt(names, view.getUint32(at, true))
  if (name === '' || section === undefined || section.type === 0) return undefined
  const type = info & 0xf
  const isCode = section.isCode && typesOfPlaces.includes(type)
  const address = isLong ? view.getBigUint64(at + 8, true) : BigInt(view.getUint32(at + 4, true))
  return { address, name, isCode, size: type === functionType ? word(at + (isLong ? 16 : 8)) : 0 }
}
