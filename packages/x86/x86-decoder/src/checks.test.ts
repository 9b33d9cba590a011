import { describe, expect, test } from 'vitest'
import {
  type CodeSize,
  createDecoded,
  createDecoder,
  createRecords,
  decode,
  decodeMany,
  disassemble,
  formatMany,
  formatRecord,
  readRecord,
  takesModrm,
} from './index.ts'

const code = Uint8Array.of(0x48, 0x01, 0xd8)
const out = createDecoded()
const records = createRecords(2)

/** What a program without types may give. */
const any = (value: unknown) => value as never

describe.for([
  ['decode', (...[bytes, from, to, size]) => decode(bytes, from, to, size, out)],
  ['decodeMany', (...[bytes, from, to, size]) => decodeMany(bytes, from, to, size, records)],
] as readonly (readonly [
  string,
  (...from: readonly [bytes: Uint8Array, offset: number, end: number, codeSize: CodeSize]) => unknown,
])[])('%s refuses, in one line,', ([, run]) => {
  test.for([
    [-1, 3, 'no code from -1 to 3: expected a part of 0 to 3'],
    [0, 30, 'no code from 0 to 30: expected a part of 0 to 3'],
    [Number.NaN, 3, 'no code from NaN to 3: expected a part of 0 to 3'],
    [0, 1.5, 'no code from 0 to 1.5: expected a part of 0 to 3'],
  ] as const)('bytes from %s to %s', ([from, to, says]) => {
    expect(() => run(code, from, to, 64)).toThrow(new RangeError(says))
  })

  test.for([48, 0, undefined, '64'])('a code size of %s', (size) => {
    const given = typeof size === 'string' ? `'${size}'` : String(size)
    const says = `a code size of ${given}: expected 16, 32 or 64`
    expect(() => run(code, 0, 3, any(size))).toThrow(new RangeError(says))
  })

  test.for(['48', undefined, [1, 2, 3]])('%s in the place of bytes', (bytes) => {
    expect(() => run(any(bytes), 0, 2, 64)).toThrow('is no code: expected a Uint8Array')
  })
})

test('nothing at the end of code is truncated, not refused', () => {
  expect(decode(code, 3, 3, 64, out)).toBe('truncated')
  expect(decode(code, 2, 1, 64, out)).toBe('truncated')
  expect(decodeMany(code, 3, 3, 64, records)).toBe(0)
})

test('records are asked for by numbers that there are', () => {
  expect(() => createRecords(-1)).toThrow('room for so many records: -1, expected a whole number from 0 to 134217728')
  expect(() => createRecords(any('2'))).toThrow("room for so many records: '2'")
  expect(() => readRecord(records, 2, out)).toThrow(new RangeError('record: 2, expected a whole number from 0 to 1'))
  expect(() => formatRecord(records, -1)).toThrow('record: -1, expected a whole number from 0 to 1')
  expect(() => formatMany(records, 3)).toThrow('so many records: 3, expected a whole number from 0 to 2')
  expect(() => decodeMany(code, 0, 3, 64, any([]))).toThrow('expected an Int32Array, as createRecords gives it')
})

test('a record of bytes that are no instruction has a text', () => {
  decodeMany(Uint8Array.of(0x06), 0, 1, 64, records)
  expect(formatRecord(records, 0)).toBe('(bad)')
})

test('options, maps and opcodes that nobody has are refused', () => {
  expect(() => disassemble(code, any({}))).toThrow('a code size of undefined: expected 16, 32 or 64')
  expect(() => createDecoder({ with: ['NOPE'] })).toThrow("with 'NOPE': expected a CPUID feature of optional rows")
  expect(() => createDecoder({ without: [any('nope')] })).toThrow("without 'nope': expected an attribute of rows")
  expect(() => takesModrm(any(4), 0)).toThrow('map: 4, expected a whole number from 0 to 3')
  expect(() => takesModrm(0, 256)).toThrow('opcode: 256, expected a whole number from 0 to 255')
})
