import { expect, test } from 'vitest'
import { readElfSymbols } from '../src/index.ts'

interface Entry {
  readonly name: string
  readonly value: number
  readonly size: number
  /** STT_NOTYPE 0, STT_OBJECT 1, STT_FUNC 2, STT_FILE 4. */
  readonly type: number
  readonly section: number
}

const [text, data, undefinedSection, absolute] = [1, 2, 0, 0xfff1]
const entries: readonly Entry[] = [
  { name: 'start', value: 0x10_0000, size: 0, type: 0, section: text },
  { name: 'main', value: 0x10_0020, size: 0x10, type: 2, section: text },
  { name: 'again', value: 0x10_0020, size: 0x10, type: 2, section: text },
  { name: 'table', value: 0x10_1000, size: 8, type: 1, section: data },
  { name: 'elsewhere', value: 0, size: 0, type: 0, section: undefinedSection },
  { name: 'kernel.c', value: 0, size: 0, type: 4, section: absolute },
]

/** An ELF file of sections alone: text, data, names, symbols. */
function elf(isLong: boolean): Uint8Array {
  const [header, stride, symbolBytes] = isLong ? [64, 64, 24] : [52, 40, 16]
  const names = `\0${entries.map(({ name }) => `${name}\0`).join('')}`
  const [stringsAt, symbolsAt] = [header, header + names.length]
  const sectionsAt = symbolsAt + symbolBytes * (entries.length + 1)
  const image = new Uint8Array(sectionsAt + 5 * stride)
  const view = new DataView(image.buffer)
  const word = (at: number, value: number) =>
    isLong ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, value, true)
  image.set([0x7f, 0x45, 0x4c, 0x46, isLong ? 2 : 1, 1, 1])
  word(isLong ? 40 : 32, sectionsAt)
  view.setUint16(isLong ? 58 : 46, stride, true)
  view.setUint16(isLong ? 60 : 48, 5, true)
  for (const [at, character] of [...names].entries()) image[stringsAt + at] = character.charCodeAt(0)
  let name = 1
  for (const [index, entry] of entries.entries()) {
    const at = symbolsAt + (index + 1) * symbolBytes
    view.setUint32(at, name, true)
    name += entry.name.length + 1
    word(at + (isLong ? 8 : 4), entry.value)
    word(at + (isLong ? 16 : 8), entry.size)
    image[at + (isLong ? 4 : 12)] = entry.type
    view.setUint16(at + (isLong ? 6 : 14), entry.section, true)
  }
  const section = (index: number, type: number, flags: number, offset = 0, size = 0, link = 0) => {
    const at = sectionsAt + index * stride
    view.setUint32(at + 4, type, true)
    word(at + 8, flags)
    word(at + (isLong ? 24 : 16), offset)
    word(at + (isLong ? 32 : 20), size)
    view.setUint32(at + (isLong ? 40 : 24), link, true)
  }
  section(text, 1, 6)
  section(data, 1, 3)
  section(3, 3, 0, stringsAt, names.length)
  section(4, 2, 0, symbolsAt, symbolBytes * (entries.length + 1), 3)
  return image
}

test.each([true, false])('names of an ELF file, 64-bit: %s', (isLong) => {
  const symbols = readElfSymbols(elf(isLong))
  expect(symbols?.rows.map(({ name }) => name)).toEqual(['start', 'main', 'again', 'table'])
  expect(symbols?.at(0x10_0004n)).toEqual({ name: 'start', offset: 4 })
  // of two names for one place the first one is told
  expect(symbols?.at(0x10_002fn)).toEqual({ name: 'main', offset: 15 })
  // behind its end a function is over
  expect(symbols?.at(0x10_0030n)).toBeUndefined()
  expect(symbols?.at(0x10_1001n)).toBeUndefined()
  expect(symbols?.at(0xf_ffffn)).toBeUndefined()
  expect(symbols?.named('main')).toBe(0x10_0020n)
  expect(symbols?.named('nobody')).toBeUndefined()
})

test('a file that is none, or that is cut or damaged anywhere, is read to an end', () => {
  expect(readElfSymbols(new Uint8Array(100))).toBeUndefined()
  const whole = elf(true)
  for (let at = 0; at < whole.length; at += 1) {
    expect(() => readElfSymbols(whole.subarray(0, at))).not.toThrow()
    const damaged = whole.slice()
    damaged[at] = 0xff
    expect(() => readElfSymbols(damaged)).not.toThrow()
  }
})
