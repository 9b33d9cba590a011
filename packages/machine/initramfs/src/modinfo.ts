import { decodeText } from './text.ts'

const elf64Little = [0x7f, 0x45, 0x4c, 0x46, 2, 1]
const headerSize = 64
const sectionSize = 64

/**
 * The names of the modules that a 64-bit kernel module needs: the `depends=` line of its `.modinfo` section.
 * None, where the bytes are no such file. Source: Linux scripts/mod/modpost.c; System V ABI, chapter 4.
 */
export function moduleDepends(module: Uint8Array): readonly string[] {
  const info = sectionOf(module, '.modinfo')
  if (info === undefined) return []
  const line = decodeText(info)
    .split('\0')
    .find((each) => each.startsWith('depends='))
  return (line?.slice('depends='.length) ?? '').split(',').filter((name) => name !== '')
}

interface Section {
  readonly name: number
  readonly offset: number
  readonly size: number
}

function sectionOf(file: Uint8Array, wanted: string): Uint8Array | undefined {
  if (file.length < headerSize || elf64Little.some((byte, index) => file[index] !== byte)) return undefined
  const v = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const [table, count, namesIndex] = [Number(v.getBigUint64(40, true)), v.getUint16(60, true), v.getUint16(62, true)]
  if (table + count * sectionSize > file.length) return undefined
  const sections = Array.from({ length: count }, (_, index): Section => {
    const at = table + index * sectionSize
    const long = (offset: number) => Number(v.getBigUint64(at + offset, true))
    return { name: v.getUint32(at, true), offset: long(24), size: long(32) }
  })
  const content = ({ offset, size }: Section) => file.subarray(offset, Math.min(offset + size, file.length))
  const names = sections[namesIndex]
  if (names === undefined) return undefined
  const texts = content(names)
  const nameOf = ({ name }: Section) => decodeText(texts.subarray(name, name + wanted.length + 1))
  const found = sections.find((section) => nameOf(section) === `${wanted}\0`)
  return found === undefined ? undefined : content(found)
}
