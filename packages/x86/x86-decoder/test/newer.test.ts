import { accessOf, rows } from '@vmm/x86-opcodes'
import { describe, expect, test } from 'vitest'
import {
  createDecoded,
  createDecoder,
  createRecords,
  type Decode,
  type Decoded,
  decode,
  decodeMany,
  format,
  formatAtt,
  formatRecord,
  informationOf,
} from '../src/index.ts'
import { isKnown } from './iced.ts'
import { aceFacts, bitMatrixFacts, newerFacts, withdrawnFacts, zhaoxinFacts } from './newer-facts.rows.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))

function decoded(hex: string, by: Decode = decode): Decoded {
  const out = createDecoded()
  const bytes = bytesOf(hex)
  expect(by(bytes, 0, bytes.length, 64, out)).toBeUndefined()
  return out
}

const failure = (hex: string, codeSize: 32 | 64 = 64) =>
  decode(bytesOf(hex), 0, bytesOf(hex).length, codeSize, createDecoded())

test.each([...newerFacts, ...bitMatrixFacts, ...aceFacts])('%s is %s', (hex, text) => {
  const bytes = bytesOf(hex)
  const one = decoded(hex)
  expect(format(one)).toBe(text)
  expect(one.length).toBe(bytes.length)
  for (let end = 1; end < bytes.length; end += 1)
    expect(decode(bytes, 0, end, 64, createDecoded()), `${end} bytes`).toBe('truncated')
  const records = createRecords(1)
  expect(decodeMany(bytes, 0, bytes.length, 64, records)).toBe(1)
  expect(formatRecord(records, 0)).toBe(text)
})

const { decode: decodeAsked } = createDecoder({ with: ['AMX_TRANSPOSE', 'SM2', 'CCS', 'PHE2', 'XMODX', 'RNG2'] })

test.each([...withdrawnFacts, ...zhaoxinFacts])(
  '%s is %s where it is asked for, and nothing elsewhere',
  (hex, text) => {
    expect(format(decoded(hex, decodeAsked))).toBe(text)
    expect(failure(hex)).toBe('invalid')
  },
)

test('every row that iced-x86 does not know has been judged, but those of APX, USER_MSR and RMPREAD', () => {
  const facts = [...newerFacts, ...bitMatrixFacts, ...aceFacts, ...withdrawnFacts, ...zhaoxinFacts]
  const judged = new Set(facts.map(([hex]) => decoded(hex, decodeAsked).row))
  const unjudged = rows.filter((row, number) => {
    const elsewhere = /APX_F|USER_MSR|RMPREAD/.test(row.needs ?? '')
    return !isKnown(row) && !elsewhere && !judged.has(number)
  })
  expect(unjudged.map(({ opcode }) => opcode)).toEqual([])
})

describe('what AVX10.2 takes', () => {
  test.each([
    ['62 f5 7d 58 58 c1', 'rounding of bfloat16 numbers'],
    ['62 f5 7d 88 58 c1', 'zeroing without a mask'],
    ['62 f5 fd 08 58 c1', 'W'],
    ['62 f3 7e 18 42 01 00', 'broadcast of bytes'],
    ['62 f1 7e 18 7e c1', 'rounding of a move'],
    ['62 f1 7e 09 7e c1', 'a mask of a move'],
    ['62 f5 7e 08 6f c1', 'VMOVRSD of a register'],
    ['62 f2 7e 58 da c1', 'rounding of SM4'],
    ['62 b2 76 48 4a c1', 'a ninth tile'],
    ['62 f2 76 28 4a c1', 'half a row of a tile'],
    ['62 f2 76 48 4a 01', 'a tile in memory'],
    ['c4 e2 71 48 c1', 'a tile that is also the result'],
    ['c4 e2 7b 4a 00', 'a tile without SIB'],
    ['62 f6 ff 48 95 c9', 'a second block scale register'],
    ['62 72 64 48 5e ca', 'an outer product in a ninth tile'],
    ['62 f2 64 48 5e 0a', 'an outer product with memory'],
  ])('%s is invalid: %s', (hex) => expect(failure(hex)).toBe('invalid'))

  test.each([
    ['62 f5 7e 08 6f 00', 'VMOVRSD'],
    ['62 f2 76 48 4a c1', 'TCVTROWD2PS'],
    ['c4 e2 7b 4a 04 08', 'TILELOADDRS'],
    ['0f 38 8b 00', 'MOVRS'],
  ])('%s is of 64-bit code alone: %s', (hex, name) => {
    expect(decoded(hex).mnemonic).toBe(name)
    expect(failure(hex, 32)).toBe('invalid')
  })

  test('moves of 16 and 32 bits have two directions', () => {
    expect(format(decoded('62 f1 7e 08 7e ca'))).toBe('vmovd xmm1, xmm2')
    expect(format(decoded('62 f1 7d 08 d6 ca'))).toBe('vmovd xmm2, xmm1')
    expect(format(decoded('62 f5 7e 08 6e ca'))).toBe('vmovw xmm1, xmm2')
    expect(format(decoded('62 f5 7e 08 7e ca'))).toBe('vmovw xmm2, xmm1')
    expect(format(decoded('62 f5 7e 08 7e 4a 01'))).toBe('vmovw word ptr [rdx+2], xmm1')
  })

  test('PREFETCHRST2 is a NOP to decoders without hints', () => {
    const { decode: plain } = createDecoder({ without: ['hint'] })
    expect(decoded('0f 18 20').mnemonic).toBe('PREFETCHRST2')
    expect(decoded('0f 18 20', plain).mnemonic).toBe('NOP')
  })
})

describe('what it does', () => {
  test('is described', () => {
    const add = informationOf(decoded('62 f5 7d 28 58 c1'))
    expect(add).toMatchObject({ access: ['write', 'read', 'read'], features: ['AVX10_2'] })
    expect(informationOf(decoded('62 f5 7d 2b 58 c1')).access[0]).toBe('read-write')
    const compare = informationOf(decoded('62 f1 7e 08 2f c1'))
    expect(compare.access).toEqual(['read', 'read'])
    expect(compare.flags).toMatchObject({ modified: ['OF', 'SF', 'ZF', 'PF', 'CF'], cleared: ['AF'] })
    const bfloat = informationOf(decoded('62 f5 7d 08 2f c1'))
    expect(bfloat.flags).toMatchObject({ modified: ['ZF', 'PF', 'CF'], cleared: ['OF', 'SF', 'AF'] })
    expect(informationOf(decoded('62 f2 7e 08 da c1')).features).toEqual(['SM4', 'AVX10_2'])
    expect(informationOf(decoded('62 f6 54 28 80 f4')).features).toEqual(['AVX512_BMM', 'AVX512VL'])
    expect(informationOf(decoded('0f 38 8b 00')).access).toEqual(['write', 'read'])
    expect(informationOf(decoded('0f 18 20')).access).toEqual(['none'])
  })

  test('moves into parts of tiles and of the block scale register leave the rest', () => {
    expect(informationOf(decoded('62 f3 fd 48 07 ca 03')).access).toEqual(['read-write', 'read', 'read'])
    expect(informationOf(decoded('62 f6 ff 48 95 c1')).access).toEqual(['read-write', 'read'])
    expect(informationOf(decoded('62 f6 f4 48 95 c2')).access).toEqual(['write', 'read', 'read'])
    expect(informationOf(decoded('62 96 7f 48 95 c7')).access).toEqual(['write', 'read'])
    expect(informationOf(decoded('62 f3 64 48 8d ca 07')).impliedRegisters).toMatchObject([
      { file: 'blockScale', index: 0, width: 1024, reads: 'always', writes: 'never' },
    ])
  })

  test('MSRs by number are privileged and name what they move', () => {
    const read = informationOf(decoded('c4 e7 7b f6 c1 78 56 34 12'))
    expect(read).toMatchObject({ access: ['write', 'read'], privileged: true, features: ['MSR_IMM'] })
    expect(read.impliedRegisters).toEqual([])
    const write = informationOf(decoded('c4 e7 7a f6 c1 78 56 34 12'))
    expect(write).toMatchObject({ access: ['read', 'read'], privileged: true })
  })

  test.each([
    'VDPPHPS',
    'VPDPWUSD',
    'TMMULTF32PS',
    'TDPHF8PS',
    'VFMADD231BF16',
    'VBMACOR16X16X16',
    'TTDPFP16PS',
    'TOP4BSSD',
  ])('%s adds to what was there', (mnemonic) => {
    const found = rows.filter((row) => row.mnemonic === mnemonic)
    expect(found.map((row) => accessOf(row)[0])).toEqual(found.map(() => 'read-write'))
  })

  test.each([
    ['62 f5 7d 2b 58 c1', 'vaddbf16 %ymm1,%ymm0,%ymm0{%k3}'],
    ['62 f5 7e 08 18 00', 'vcvtph2hf8x (%rax),%xmm0'],
    ['62 f5 fc 28 6d 00', 'vcvttpd2dqsy (%rax),%xmm0'],
    ['62 f3 7f 48 66 00 07', 'vfpclassbf16z $0x7,(%rax),%k0'],
    ['62 f3 7d 58 52 c1 05', 'vminmaxps $0x5,{sae},%zmm1,%zmm0,%zmm0'],
    ['62 e2 76 48 4a f5', 'tcvtrowd2ps %ecx,%tmm5,%zmm22'],
    ['c4 e7 7a f6 c1 78 56 34 12', 'wrmsrns %rcx,$0x12345678'],
  ])('%s is %s in AT&T syntax', (hex, text) => expect(formatAtt(decoded(hex))).toBe(text))
})
