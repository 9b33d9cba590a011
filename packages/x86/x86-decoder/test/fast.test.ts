import { describe, expect, test } from 'vitest'
import { mapsOf } from '../src/candidates.ts'
import { decodeSeveral } from '../src/decode-many.ts'
import { fastMemory } from '../src/fast.ts'
import {
  createDecoded,
  createRecords,
  decodeMany,
  flagFields,
  readRecord,
  recordSize,
  recordWords,
} from '../src/index.ts'
import { fastCode, fastModuleText } from './fast-code.ts'
import { randomStreams } from './random-stream.ts'

test('the module that is shipped is the one that is described', async () => {
  await expect(fastModuleText()).toMatchFileSnapshot('../src/fast-module.ts')
  // browsers compile as much at once on their main thread
  expect(fastCode().length).toBeLessThan(4096)
})

const words = Object.entries(recordWords).filter(([name]) => name !== 'operands' && name !== 'second')

/** What a record says, in words as they are, and as they are read. */
function said(records: Int32Array, number: number) {
  const at = number * recordSize
  const decoded = createDecoded()
  const failure = readRecord(records, number, decoded)
  const count = records[at + recordWords.flags]! & ((1 << flagFields.count.bits) - 1)
  const operands = records.slice(at + recordWords.operands, at + recordWords.operands + count)
  return { failure, decoded, operands, words: words.map(([name, word]) => [name, records[at + word]]) }
}

/** The same of so many records, as they are. */
function numbersOf(records: Int32Array, count: number): readonly number[] {
  const numbers: number[] = []
  for (let at = 0; at < count * recordSize; at += recordSize) {
    const operands = at + recordWords.operands
    for (const [, word] of words) numbers.push(records[at + word]!)
    numbers.push(...records.subarray(operands, operands + (records[at + recordWords.flags]! & 7)))
  }
  return numbers
}

describe('WebAssembly and JavaScript say the same', () => {
  const maps = mapsOf(({ attributes }) => !attributes.includes('optional'), fastMemory().buffer)

  function compare(bytes: Uint8Array, codeSize: 16 | 32 | 64, room: number): void {
    const [fast, plain] = [createRecords(room), createRecords(room)]
    for (let at = 0; at < bytes.length; ) {
      const count = decodeMany(bytes, at, bytes.length, codeSize, fast)
      expect(decodeSeveral(maps, bytes, at, bytes.length, codeSize >> 5, plain)).toBe(count)
      if (count === 0) break
      for (let number = 0; number < count; number += 1) expect(said(fast, number)).toEqual(said(plain, number))
      // what was new is known by now
      const again = createRecords(room)
      expect(decodeMany(bytes, at, bytes.length, codeSize, again)).toBe(count)
      expect(numbersOf(again, count)).toEqual(numbersOf(plain, count))
      const last = (count - 1) * recordSize
      at = fast[last + recordWords.offset]! + fast[last + recordWords.length]!
    }
  }

  test.for([16, 32, 64] as const)('of streams that favour every map, in %s-bit code', (codeSize) => {
    for (const streams of randomStreams(codeSize, 1)) compare(streams.subarray(0, 30_000), codeSize, 1000)
  })

  test.for([16, 32, 64] as const)('of every opcode with what is commonly around it, in %s-bit code', (codeSize) => {
    const bytes: number[] = []
    for (const before of [[], [0x66], [0x64], [0xf0], [0x67], [0xf3], [0x48], [0x45], [0x66, 0x41]])
      for (const opening of [[], [0x0f]])
        for (let opcode = 0; opcode < 256; opcode += 1)
          bytes.push(...before, ...opening, opcode, ...modrmOf(opcode + before.length), 0x81, 0xff, 1, 2, 0x83, 4, 5)
    compare(Uint8Array.from(bytes), codeSize, 300)
  })

  test('of heads with and without a displacement of SIB, with immediates of every length, in turns', () => {
    const sibs = [[0x04, 0x24], [0x04, 0x25, 1, 2, 3, 0x84], [0x44, 0x24, 0xf0], [0x84, 0x85, 1, 2, 3, 4], [0xc0]]
    const heads = [
      [0x8b],
      [0x48, 0x8b],
      [0x65, 0x48, 0x8b],
      [0x0f, 0xb6],
      [0x66, 0xc7],
      [0xc7],
      [0x66, 0x49, 0xc7],
      [0x83],
      [0x66, 0x81],
      [0xf6],
    ]
    const bytes: number[] = []
    for (const number of [0x7f, 0x80, 0xff, 1])
      for (const sib of sibs) for (const head of heads) bytes.push(...head, ...sib, ...immediateBehind(head, number))
    for (const codeSize of [64, 32, 16] as const)
      for (let pass = 0; pass < 2; pass += 1) compare(Uint8Array.from(bytes), codeSize, 400)
  })

  test.for([16, 32, 64] as const)(
    'of more prefixes than are looked at before, in any order, in %s-bit code',
    (codeSize) => {
      const prefixes = [0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x65, 0x48, 0x41]
      const behind = [[0x8b], [0x0f, 0xb6], [0xf7], [0x0f, 0x84], [0x83], [0x84], [0xb8], [0x90]]
      const bytes: number[] = []
      for (let number = 0; number < 6000; number += 1) {
        const mixed = Math.imul(number + 1, 0x9e37_79b1) >>> 0
        for (let count = mixed % 7; count > 0; count -= 1) bytes.push(prefixes[(mixed >>> (3 * count)) & 7]!)
        bytes.push(...behind[(mixed >>> 4) & 7]!, ...modrmOf(mixed >>> 8), 1, 2, 3, 4)
      }
      for (let pass = 0; pass < 2; pass += 1) compare(Uint8Array.from(bytes), codeSize, 500)
    },
  )

  test('wherever code that is known ends', () => {
    const known = Array.from({ length: 8 }, () => [
      0x65, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0, 0xe8, 1, 2, 3, 0x94, 0x0f, 0xb7, 0x43, 0x88,
    ]).flat()
    for (let end = known.length - 40; end <= known.length; end += 1)
      compare(Uint8Array.from(known.slice(0, end)), 64, 40)
  })

  test('where the end is near', () => {
    const bytes = Uint8Array.of(0x48, 0x8b, 0x84, 0x88, 1, 2, 3, 4, 0x66, 0x66, 0xe9, 1, 2, 3, 4)
    for (let from = 0; from < bytes.length; from += 1)
      for (let end = from; end <= bytes.length; end += 1) compare(bytes.slice(from, end), 64, 3)
  })
})

test('a decoder that has no room for more choices begins anew', () => {
  const { choices, ...maps } = mapsOf(() => true, fastMemory().buffer)
  const [before, after] = [createRecords(100), createRecords(100)]
  const bytes = Uint8Array.from({ length: 300 }, (_, at) => (at * 37) & 0xff)
  const count = decodeSeveral({ ...maps, choices }, bytes, 0, 300, 2, before)
  choices.used = choices.forms.length
  // what was never chosen
  decodeSeveral(
    { ...maps, choices },
    Uint8Array.of(0x66, 0x67, 0xf3, 0x48, 0x0f, 0xb8, 0xc0),
    0,
    7,
    2,
    createRecords(1),
  )
  expect(choices.used).toBeLessThan(1000)
  expect(decodeSeveral({ ...maps, choices }, bytes, 0, 300, 2, after)).toBe(count)
  for (let number = 0; number < count; number += 1) expect(said(after, number)).toEqual(said(before, number))
})

/** The immediate of an opcode: as many bytes as it has behind such prefixes. */
function immediateBehind(head: readonly number[], number: number): readonly number[] {
  const opcode = head.at(-1)
  if (opcode === 0x83 || opcode === 0xf6) return [number]
  if (opcode === 0xc7 || opcode === 0x81) return head[0] === 0x66 ? [3, number] : [1, 2, 3, number]
  return []
}

/** A register, and addresses of every length. */
const modrmOf = (number: number): readonly number[] =>
  [[0xc1], [0x00], [0x44, 0x48, 0x10], [0x84, 0x9d, 1, 2, 3, 4], [0x05, 1, 2, 3, 4], [0x7c, 0x24, 0xf8]][number % 6]!
