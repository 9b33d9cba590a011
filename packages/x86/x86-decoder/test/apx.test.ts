import { describe, expect, test } from 'vitest'
import {
  createDecoded,
  createDecoder,
  createRecords,
  type Decoded,
  decode,
  format,
  formatAtt,
  formatRecord,
  informationOf,
} from '../src/index.ts'
import { apxFacts } from './apx-facts.rows.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))
const apx = createDecoder({ with: ['APX_F'] })

function decoded(hex: string): Decoded {
  const out = createDecoded()
  const bytes = bytesOf(hex)
  expect(apx.decode(bytes, 0, bytes.length, 64, out)).toBeUndefined()
  return out
}

const failure = (hex: string, codeSize: 32 | 64 = 64, by = apx.decode) =>
  by(bytesOf(hex), 0, bytesOf(hex).length, codeSize, createDecoded())

test.each(apxFacts)('%s is %s', (hex, text) => {
  const bytes = bytesOf(hex)
  const one = decoded(hex)
  expect(format(one)).toBe(text)
  expect(one.length).toBe(bytes.length)
  for (let end = 1; end < bytes.length; end += 1)
    expect(apx.decode(bytes, 0, end, 64, createDecoded()), `${end} bytes`).toBe('truncated')
  const records = createRecords(1)
  expect(apx.decodeMany(bytes, 0, bytes.length, 64, records)).toBe(1)
  expect(formatRecord(records, 0)).toBe(text)
})

test('is nothing unless it is asked for', () => {
  const meant = apxFacts.filter(([hex]) => failure(hex, 64, decode) !== 'invalid').map(([hex]) => hex)
  expect(meant).toEqual([])
})

test('outside 64-bit code D5 is AAD, and EVEX has no fifth bits', () => {
  const out = createDecoded()
  expect(apx.decode(bytesOf('d5 10'), 0, 2, 32, out)).toBeUndefined()
  expect(out.mnemonic).toBe('AAD')
  expect(failure('62 fb 79 48 19 04 08 01', 32)).toBe('invalid')
  expect(failure('62 f4 fc 08 80 d3 7b', 32)).toBe('invalid')
})

describe('REX2', () => {
  test.each([
    ['48 d5 00 01 c0', 'REX stands before it'],
    ['d5 00 48 01 c0', 'REX stands behind it'],
    ['d5 00 66 01 c0', 'any prefix stands behind it'],
    ['d5 00 70 00', 'a short branch'],
    ['d5 00 a4', 'a string instruction'],
    ['d5 00 e8 00 00 00 00', 'a near branch'],
    ['d5 80 30', 'WRMSR'],
    ['d5 80 80 00 00 00 00', 'a conditional branch'],
    ['d5 80 ae 20', 'XSAVE'],
    ['d5 90 c7 20', 'XSAVEC'],
    ['d5 00 0f 01 c0', 'an escape stands behind it'],
    ['d5 80 38 00 c0', 'another map'],
    ['66 d5 00 a1 00 00 00 00 00 00 00 00', 'JMPABS with 66H'],
    ['67 d5 00 a1 00 00 00 00 00 00 00 00', 'JMPABS with 67H'],
    ['d5 08 a1 00 00 00 00 00 00 00 00', 'JMPABS with W'],
  ])('%s is invalid: %s', (hex) => expect(failure(hex)).toBe('invalid'))

  test('has a bit of its own for 0F, and no say in registers of which there are fewer', () => {
    expect(format(decoded('d5 80 af c1'))).toBe('imul eax, ecx')
    expect(format(decoded('d5 44 8e c0'))).toBe('mov es, ax')
    expect(format(decoded('d5 90 20 c0'))).toBe('mov r16, cr0')
    expect(format(decoded('d5 11 d8 c0'))).toBe('fadd st(0), st(0)')
    expect(format(decoded('66 d5 d1 fe c0'))).toBe('paddd xmm0, xmm8')
    expect(format(decoded('d5 91 fe c0'))).toBe('paddd mm0, mm0')
  })

  test('has bytes of registers, and no AH to BH', () => {
    expect(format(decoded('d5 00 88 e0'))).toBe('mov al, spl')
    expect(format(decoded('f0 d5 10 00 20'))).toBe('lock add byte ptr [r16], spl')
  })

  test('leaves addresses relative to RIP, and those of segments, as they are', () => {
    expect(format(decoded('d5 10 8d 05 10 00 00 00'))).toBe('lea eax, [rip+0x10]')
    expect(decoded('d5 10 8d 04 24')).toMatchObject({ base: 20, segment: 3 })
    expect(decoded('64 d5 10 8b 04 24')).toMatchObject({ base: 20, segment: 4 })
  })
})

describe('EVEX map 4', () => {
  test.each([
    ['62 f4 fc 28 01 c1', 'a vector length'],
    ['62 f4 fc 88 01 c1', 'zeroing'],
    ['62 f4 fc 09 01 c1', 'a mask'],
    ['62 f4 f4 08 01 c1', 'a register that no operand is'],
    ['62 f4 fc 0c 11 c1', 'flags that ADC cannot leave'],
    ['62 f4 fc 18 38 c1', 'a new destination of CCMP'],
    ['f0 62 f4 fc 08 01 00', 'LOCK'],
    ['66 62 f4 fc 08 01 c0', '66H'],
    ['62 f4 44 18 8f c7', 'POP2 into the same register twice'],
    ['62 f4 44 18 8f c4', 'POP2 into RSP'],
    ['62 f4 5c 18 ff f0', 'PUSH2 of RSP'],
    ['62 f2 6c 1c f3 c9', 'a new destination outside the map'],
  ])('%s is invalid: %s', (hex) => expect(failure(hex)).toBe('invalid'))

  test('fields that nothing is in are ignored', () => {
    expect(format(decoded('62 f4 f8 08 01 c1'))).toBe('add rcx, rax')
  })

  test('is described', () => {
    const two = informationOf(decoded('62 ec ec 10 01 41 7b'))
    expect(two).toMatchObject({ access: ['write', 'read', 'read'], features: ['APX_F'] })
    expect(two.flags.modified).toContain('CF')
    expect(informationOf(decoded('62 ec fc 0c 01 c1')).flags.modified).toEqual([])
    expect(informationOf(decoded('62 ec 7d 08 66 c8')).features).toEqual(['APX_F', 'ADX'])
    expect(informationOf(decoded('62 f4 44 18 ff f0'))).toMatchObject({
      access: ['read', 'read'],
      stackPointerChange: -16,
    })
    expect(informationOf(decoded('62 dc 04 10 8f c0'))).toMatchObject({
      access: ['write', 'write'],
      stackPointerChange: 16,
    })
    expect(informationOf(decoded('d5 00 a1 08 07 06 05 04 03 02 01')).controlFlow).toBe('jump')
    expect(decoded('62 d4 45 0b 83 7c 80 7b 7b')).toMatchObject({ condition: 11, defaultFlags: 8, operandSize: 16 })
  })

  test.each([
    ['62 ec ec 10 01 41 7b', 'add %r16,0x7b(%r17),%r18'],
    ['62 d4 44 02 80 7c 80 7b 7b', 'ccmpbb {dfv=of} $0x7b,0x7b(%r8,%rax,4)'],
    ['62 fc fc 0c f7 58 7b', '{nf} negq 0x7b(%r16)'],
    ['62 8c 78 0c 4c 94 ac 23 01 00 00', 'cfcmovl %r18d,0x123(%r28,%r29,4)'],
  ])('%s is %s in AT&T syntax', (hex, text) => expect(formatAtt(decoded(hex))).toBe(text))
})
