import { describe, expect, test } from 'vitest'
import { randomStreams } from '../test/random-stream.ts'
import { createDecoded, createRecords, decode, decodeMany, readRecord, recordSize, recordWords } from './index.ts'

const { length, row, offset } = recordWords

describe('decodeMany', () => {
  test.for([16, 32, 64] as const)('gives in records what decode gives one by one, in %s-bit code', (codeSize) => {
    const [streams] = randomStreams(codeSize, 10_000)
    const bytes = streams!.subarray(0, 9_000)
    const records = createRecords(700)
    const [one, other] = [createDecoded(), createDecoded()]
    let at = 0
    while (bytes.length - at >= 15) {
      const count = decodeMany(bytes, at, bytes.length, codeSize, records)
      expect(count).toBeGreaterThan(0)
      for (let number = 0; number < count; number += 1) {
        const from = number * recordSize
        expect(records[from + offset]).toBe(at)
        const failure = decode(bytes, at, bytes.length, codeSize, one)
        expect(readRecord(records, number, other)).toBe(failure)
        if (failure === undefined) expect(meant(other)).toEqual(meant(one))
        at += records[from + length]!
      }
    }
  })

  test('leaves an instruction that the end cuts off', () => {
    const records = createRecords(4)
    expect(decodeMany(Uint8Array.of(0x90, 0x0f), 0, 2, 64, records)).toBe(1)
    expect(records[row]! >= 0).toBe(true)
  })

  test('goes on behind bytes that are no instruction, byte by byte', () => {
    const records = createRecords(4)
    expect(decodeMany(Uint8Array.of(0x06, 0x90), 0, 2, 64, records)).toBe(2)
    expect(records[row]).toBe(-1)
    expect(readRecord(records, 0, createDecoded())).toBe('invalid')
    const prefixes = new Uint8Array(16).fill(0x66)
    expect(decodeMany(prefixes, 0, 16, 64, records)).toBe(2)
    expect(readRecord(records, 0, createDecoded())).toBe('too-long')
  })

  test('stops when its records are full', () => {
    const records = createRecords(3)
    expect(decodeMany(new Uint8Array(10_000).fill(0x90), 0, 10_000, 64, records)).toBe(3)
    expect(decodeMany(new Uint8Array(10_000).fill(0x90), 0, 10_000, 64, createRecords(20_000))).toBe(10_000)
  })
})

/** A record without what reuse leaves in operands of other kinds. */
function meant(decoded: ReturnType<typeof createDecoded>) {
  const operands = decoded.operands
    .slice(0, decoded.count)
    .map(({ kind, width, file, index, highByte, low, high, bytes }) => {
      if (kind === 'register') return { kind, width, file, index, highByte }
      return kind === 'memory' ? { kind, width } : { kind, width, low, high, bytes }
    })
  return { ...decoded, operands }
}
