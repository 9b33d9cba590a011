import { describe, expect, test } from 'vitest'
import { randomStreams } from '../test/random-stream.ts'
import { createDecoded, createRecords, decodeMany, format, formatRecord, readRecord } from './index.ts'

describe('formatRecord', () => {
  test.for([16, 32, 64] as const)('writes what format writes, in %s-bit code', (codeSize) => {
    const [streams] = randomStreams(codeSize, 1)
    const records = createRecords(5000)
    const decoded = createDecoded()
    const count = decodeMany(streams!, 0, streams!.length, codeSize, records)
    for (let number = 0; number < count; number += 1) {
      if (readRecord(records, number, decoded) !== undefined) continue
      // a second time it is remembered
      for (const ripAt of [undefined, 0xffff_8000_1234_5678n, undefined])
        expect(formatRecord(records, number, ripAt)).toBe(format(decoded, ripAt))
    }
  })

  test.for([
    ['two numbers of one instruction', [0xc8, 0x34, 0x12, 0x05], 'enter 0x1234, 5'],
    ['a far pointer', [0x9a, 1, 2, 0, 0, 3, 0], 'callf 3:0x201'],
    ['an address and a number', [0xc7, 0x44, 0x24, 0xf8, 1, 0, 0, 0], 'mov dword ptr [esp-8], 1'],
    ['an address alone', [0xa1, 0x10, 0, 0, 0], 'mov eax, dword ptr [0x10]'],
    ['a shift by the one that the opcode implies', [0xd1, 0xe0], 'shl eax, 1'],
  ] as const)('writes %s', ([, bytes, text]) => {
    const records = createRecords(1)
    expect(decodeMany(Uint8Array.from(bytes), 0, bytes.length, 32, records)).toBe(1)
    expect(formatRecord(records, 0)).toBe(text)
    expect(formatRecord(records, 0)).toBe(text)
  })
})
