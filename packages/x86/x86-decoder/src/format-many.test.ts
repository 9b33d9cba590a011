import { describe, expect, test } from 'vitest'
import { randomStreams } from '../test/random-stream.ts'
import {
  createDecoded,
  createRecords,
  decodeMany,
  format,
  formatMany,
  readRecord,
  recordSize,
  recordWords,
} from './index.ts'

const decoded = createDecoded()

/** The same by `format`. */
function oneByOne(records: Int32Array, count: number, base?: bigint): readonly string[] {
  return Array.from({ length: count }, (_, number) => {
    const offset = records[number * recordSize + recordWords.offset]!
    if (readRecord(records, number, decoded) !== undefined) return '(bad)'
    return format(decoded, base === undefined ? undefined : base + BigInt(offset))
  })
}

const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1)

describe('formatMany', () => {
  test.for([16, 32, 64] as const)('writes a line an instruction, as format does, in %s-bit code', (codeSize) => {
    for (const streams of randomStreams(codeSize, 1)) {
      const records = createRecords(100_000)
      const count = decodeMany(streams, 0, streams.length, codeSize, records)
      expect(count).toBeGreaterThan(20_000)
      for (const base of [undefined, 0n, 0xffff_ffff_8100_0000n, 0x1_2345_fff0n])
        expect(lines(formatMany(records, count, base))).toEqual(oneByOne(records, count, base))
    }
  })

  test.for([
    [
      'small and large numbers',
      64,
      [0x83, 0xc0, 0x09, 0x83, 0xc0, 0x0a, 0x83, 0xc0, 0xff],
      ['add eax, 9', 'add eax, 0xa', 'add eax, 0xffffffff'],
    ],
    ['a number of 64 bits', 64, [0x48, 0xb8, 1, 0, 0, 0, 0x0a, 0, 0, 0x80], ['mov rax, 0x8000000a00000001']],
    ['the least distance', 64, [0x8b, 0x80, 0, 0, 0, 0x80], ['mov eax, dword ptr [rax-0x80000000]']],
    ['two numbers of one instruction', 64, [0xc8, 0x34, 0x12, 0x05], ['enter 0x1234, 5']],
    ['bytes that are no instruction', 64, [0x06, 0x90], ['(bad)', 'nop']],
  ] as const)('writes %s', ([, codeSize, bytes, texts]) => {
    const records = createRecords(4)
    const count = decodeMany(Uint8Array.from(bytes), 0, bytes.length, codeSize, records)
    expect(lines(formatMany(records, count))).toEqual(texts)
  })

  test('counts branch targets and RIP-relative addresses from where the bytes are', () => {
    const bytes = Uint8Array.of(0x90, 0xeb, 0xfd, 0x48, 0x8b, 0x05, 0x10, 0, 0, 0, 0x64, 0x8b, 0x05, 0, 0, 0, 0x80)
    const records = createRecords(4)
    const count = decodeMany(bytes, 0, bytes.length, 64, records)
    expect(lines(formatMany(records, count))).toEqual([
      'nop',
      'jmp $-1',
      'mov rax, qword ptr [rip+0x10]',
      'mov eax, dword ptr fs:[rip-0x80000000]',
    ])
    expect(lines(formatMany(records, count, 0xffff_ffff_ffff_fff8n))).toEqual([
      'nop',
      'jmp 0xfffffffffffffff8',
      'mov rax, qword ptr [rel 0x12]',
      'mov eax, dword ptr fs:[rel 0xffffffff80000009]',
    ])
  })

  test('forgets forms when there are too many, and writes the same again', () => {
    const records = createRecords(20_000)
    for (const codeSize of [16, 32, 64, 16, 32, 64] as const)
      for (const streams of randomStreams(codeSize, 1)) {
        const count = decodeMany(streams, 0, streams.length, codeSize, records)
        expect(lines(formatMany(records, count))).toEqual(oneByOne(records, count))
      }
  })

  test('writes nothing of no records', () => {
    expect(formatMany(createRecords(1), 0)).toBe('')
  })
})
