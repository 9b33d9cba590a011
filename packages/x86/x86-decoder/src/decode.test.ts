import { describe, expect, test } from 'vitest'
import {
  type CodeSize,
  createDecoded,
  createDecoder,
  createRecords,
  type Decoded,
  type DecodeFailure,
  decode,
  decodeMany,
  formatAtt,
  formatRecord,
  noRegister,
  ripBase,
  takesModrm,
} from './index.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16))

function decoded(hex: string, codeSize: CodeSize = 64): Decoded {
  const out = createDecoded()
  const bytes = bytesOf(hex)
  expect(decode(bytes, 0, bytes.length, codeSize, out)).toBeUndefined()
  return out
}

function failure(hex: string, codeSize: CodeSize = 64): DecodeFailure | undefined {
  const bytes = bytesOf(hex)
  return decode(bytes, 0, bytes.length, codeSize, createDecoded())
}

describe('prefixes', () => {
  test('REX counts only directly before the opcode', () => {
    expect(decoded('48 01 c0').operandSize).toBe(64)
    expect(decoded('48 66 01 c0').operandSize).toBe(16)
    expect(decoded('66 48 01 c0').operandSize).toBe(64)
  })

  test('the last of F2 and F3 chooses the row', () => {
    expect(decoded('f2 f3 0f 58 c1').mnemonic).toBe('ADDSS')
    expect(decoded('f3 f2 0f 58 c1').mnemonic).toBe('ADDSD')
  })

  test('a prefix that a row does not know makes SSE rows invalid and integer rows ignore it', () => {
    expect(failure('f2 0f 14 c0')).toBe('invalid')
    expect(decoded('f2 0f af c0').mnemonic).toBe('IMUL')
  })

  test('the segment prefixes of 16- and 32-bit code do nothing in 64-bit code, even after FS', () => {
    expect(decoded('64 2e 8b 00').segment).toBe(4)
    expect(decoded('2e 8b 00')).toMatchObject({ segment: 3, segmentOverride: true })
    expect(decoded('2e 8b 00', 32).segment).toBe(1)
  })

  test('LOCK needs a row that allows it and memory to write', () => {
    expect(decoded('f0 48 0f b1 0b')).toMatchObject({ mnemonic: 'CMPXCHG', lock: true })
    expect(failure('f0 48 0f b1 cb')).toBe('invalid')
    expect(failure('f0 8b 00')).toBe('invalid')
    expect(failure('f0 3b 00')).toBe('invalid')
  })

  test('REP is told of string instructions alone', () => {
    expect(decoded('f3 a4').rep).toBe('rep')
    expect(decoded('f2 a4').rep).toBe('rep')
    expect(decoded('f2 ae').rep).toBe('repne')
    expect(decoded('f3 0f b8 c0').rep).toBe('none')
  })
})

describe('sizes', () => {
  test('stack instructions default to 64 bits and know 16, near branches are always 64 bits', () => {
    expect(decoded('50').operandSize).toBe(64)
    expect(decoded('66 50').operandSize).toBe(16)
    expect(decoded('66 e8 00 00 00 00')).toMatchObject({ operandSize: 64, length: 6 })
    expect(decoded('66 e8 00 00', 32)).toMatchObject({ operandSize: 16, length: 4 })
  })

  test('immediates are sign-extended to the size they are used with', () => {
    expect(decoded('48 83 c0 ff').operands[1]).toMatchObject({ width: 64, low: -1, high: -1 })
    expect(decoded('66 83 c0 ff').operands[1]).toMatchObject({ width: 16, low: 0xffff, high: 0 })
    expect(decoded('48 c7 c0 00 00 00 80').operands[1]).toMatchObject({ width: 64, low: -0x8000_0000, high: -1 })
    expect(decoded('c8 34 12 ff').operands.slice(0, 2)).toMatchObject([
      { width: 16, low: 0x1234 },
      { width: 8, low: 0xff },
    ])
  })

  test('MOV of a segment register is as wide as the register it goes to, and 16 bits in memory', () => {
    expect(decoded('48 8c d8').operands[0]).toMatchObject({ kind: 'register', width: 64 })
    expect(decoded('48 8c 18').operands[0]).toMatchObject({ kind: 'memory', width: 16 })
  })

  test('MOVSS replaces a quarter of a register from a register and all of it from memory', () => {
    expect(decoded('f3 0f 10 c1').operands[0]).toMatchObject({ width: 32 })
    expect(decoded('f3 0f 10 00').operands[0]).toMatchObject({ width: 128 })
  })
})

describe('what is one byte and two instructions', () => {
  test('90 is NOP, PAUSE, or XCHG with R8', () => {
    expect(decoded('90').mnemonic).toBe('NOP')
    expect(decoded('f3 90').mnemonic).toBe('PAUSE')
    // Intel's processors, not AMD's
    expect(decoded('f3 41 90').mnemonic).toBe('PAUSE')
    expect(decoded('f2 41 90').mnemonic).toBe('XCHG')
    expect(decoded('41 90').mnemonic).toBe('XCHG')
  })

  test('63 is ARPL, or MOVSXD in 64-bit code', () => {
    expect(decoded('63 c8', 32).mnemonic).toBe('ARPL')
    expect(decoded('48 63 c8').operands).toMatchObject([{ width: 64 }, { width: 32 }, {}, {}, {}])
  })

  test('C4 is LES, or VEX where a register follows', () => {
    expect(decoded('c4 00', 32).mnemonic).toBe('LES')
    expect(decoded('c4 e2 78 f2 c3', 32).mnemonic).toBe('ANDN')
    expect(decoded('c4 e2 78 f2 c3').mnemonic).toBe('ANDN')
  })

  test('REX.W tells MOVD from MOVQ and CMPXCHG8B from CMPXCHG16B', () => {
    expect(decoded('66 0f 6e c0').mnemonic).toBe('MOVD')
    expect(decoded('66 48 0f 6e c0').mnemonic).toBe('MOVQ')
    expect(decoded('48 0f c7 08').mnemonic).toBe('CMPXCHG16B')
  })
})

describe('addresses', () => {
  test('16-bit forms', () => {
    expect(decoded('8b 03', 16)).toMatchObject({ base: 5, index: 7, segment: 2, addressSize: 16 })
    expect(decoded('8b 06 ff ff', 16)).toMatchObject({
      base: noRegister,
      index: noRegister,
      displacement: -1,
      segment: 3,
    })
  })

  test('SIB without index, without base, with R12 as index', () => {
    expect(decoded('8b 04 24')).toMatchObject({ base: 4, index: noRegister, segment: 2 })
    expect(decoded('8b 04 25 00 10 00 00')).toMatchObject({ base: noRegister, index: noRegister, displacement: 0x1000 })
    expect(decoded('42 8b 04 20')).toMatchObject({ base: 0, index: 12 })
  })

  test('RIP-relative in 64-bit code, absolute elsewhere', () => {
    expect(decoded('8b 05 01 00 00 00').base).toBe(ripBase)
    expect(decoded('8b 05 01 00 00 00', 32).base).toBe(noRegister)
  })

  test('moffs is as wide as an address', () => {
    expect(decoded('48 a1 88 77 66 55 44 33 22 91')).toMatchObject({
      displacement: 0x5566_7788,
      displacementHigh: 0x9122_3344 | 0,
      length: 10,
    })
    expect(decoded('67 a1 88 77 66 55').length).toBe(6)
  })

  test('ModRM.mod of moves to control registers is ignored', () => {
    expect(decoded('0f 20 00').operands[0]).toMatchObject({ kind: 'register', width: 64, index: 0 })
    expect(decoded('0f 20 04').length).toBe(3)
  })
})

describe('vectors', () => {
  test('an 8-bit displacement of EVEX counts what memory holds', () => {
    expect(decoded('62 f1 74 48 58 40 01')).toMatchObject({ displacement: 64, vectorLength: 512 })
    expect(decoded('62 f1 74 18 58 40 01')).toMatchObject({ displacement: 4, vectorLength: 128, broadcast: true })
    expect(decoded('62 f1 76 08 58 40 01')).toMatchObject({ displacement: 4 })
    expect(decoded('62 f2 fd 48 8a 40 01')).toMatchObject({ mnemonic: 'VCOMPRESSPD', displacement: 8 })
  })

  test('a rounding mode stands where the vector length would', () => {
    expect(decoded('62 f1 74 18 58 c2')).toMatchObject({ rounding: 'nearest', vectorLength: 512 })
    expect(decoded('62 f1 74 58 58 c2')).toMatchObject({ rounding: 'up', vectorLength: 512 })
    expect(decoded('62 f1 74 18 5d c2')).toMatchObject({ rounding: 'sae' })
    expect(failure('62 f1 74 78 58 02')).toBe('invalid')
  })

  test('zeroing needs a mask and a register, gathers need a mask and registers that differ', () => {
    expect(failure('62 f1 74 c8 58 c2')).toBe('invalid')
    expect(failure('62 f1 7c c9 11 00')).toBe('invalid')
    expect(failure('62 f2 7d 48 92 44 88 02')).toBe('invalid')
    expect(failure('62 f2 7d 4a 92 4c 88 02')).toBe('invalid')
  })

  test('three registers of AMX differ, and its memory has a SIB byte', () => {
    expect(failure('c4 e2 73 5e c1')).toBe('invalid')
    expect(failure('c4 e2 7b 4b 00')).toBe('invalid')
    expect(decoded('c4 e2 7b 4b 04 18')).toMatchObject({ mnemonic: 'TILELOADD' })
  })

  test('62 is BOUND and 8F is POP where no register form could follow', () => {
    expect(decoded('62 00', 32).mnemonic).toBe('BOUND')
    expect(decoded('8f c0', 32).mnemonic).toBe('POP')
  })
})

describe('a decoder of some rows', () => {
  const legacy = createDecoder(({ opcode }) => !/^(?:E?VEX|XOP)/.test(opcode))
  const plain = createDecoder(({ attributes }) => !attributes.includes('hint'))
  const run = ({ decode: by }: typeof legacy, hex: string, out = createDecoded()) =>
    by(bytesOf(hex), 0, bytesOf(hex).length, 64, out) ?? out.mnemonic

  test('takes the others for no instructions, and their prefixes for none', () => {
    expect(run(legacy, '62 f1 74 48 58 40 01')).toBe('invalid')
    expect(run(legacy, '62 f1')).toBe('invalid')
    expect(run(legacy, '01 c0')).toBe('ADD')
  })

  test('takes a hint for the NOP that it was', () => {
    expect(decoded('0f 1c 00').mnemonic).toBe('CLDEMOTE')
    expect(run(plain, '0f 1c 00')).toBe('NOP')
  })
})

test('what is optional is decoded where it is asked for alone', () => {
  const all = createDecoder(() => true)
  const out = createDecoded()
  expect(failure('f3 0f a7 c8')).toBe('invalid')
  expect(all.decode(bytesOf('f3 0f a7 c8'), 0, 4, 64, out)).toBeUndefined()
  expect(out.mnemonic).toBe('XCRYPTECB')
})

describe('what is no instruction', () => {
  test('sixteen bytes are too long, fewer than given are truncated', () => {
    expect(failure('66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90')).toBe('too-long')
    expect(failure('66 66 66')).toBe('truncated')
    expect(failure('48 b8 00 00')).toBe('truncated')
    expect(decoded('66 66 66 66 66 66 66 66 66 66 66 66 66 66 90').length).toBe(15)
  })

  test('bytes from `end` on are never read', () => {
    const bytes = bytesOf('48 01 c0')
    expect(decode(bytes, 0, 2, 64, createDecoded())).toBe('truncated')
    expect(decode(bytes, 1, 3, 64, createDecoded())).toBeUndefined()
  })

  test('no byte behind the end tells LES from a VEX prefix', () => {
    const bytes = Uint8Array.of(0x66, 0xc4, 0xff)
    expect(decode(bytes, 0, 2, 16, createDecoded())).toBe('truncated')
    expect(decode(bytes, 0, 3, 16, createDecoded())).toBe('invalid')
  })

  test('outside 64-bit code a prefix before what may be VEX is truncated, whatever was decoded before', () => {
    for (const before of ['66 b8 00 00', '66 b8 ff ff'])
      for (const codeSize of [16, 32] as const) {
        expect(failure(before, codeSize)).toBe(codeSize === 16 ? 'truncated' : undefined)
        for (const opcode of ['c4', 'c5', '62']) expect(failure(`66 ${opcode}`, codeSize)).toBe('truncated')
      }
  })

  test('every beginning of an instruction is truncated, and nothing shorter is another instruction', () => {
    const out = createDecoded()
    for (const text of [
      '48 b8 01 02 03 04 05 06 07 08',
      '66 2e 0f 1f 84 00 00 00 00 00',
      'c4 e3 7b f0 c3 05',
      'f0 48 81 84 c8 00 01 00 00 01 00 00 00',
      'c8 34 12 ff',
    ]) {
      const bytes = bytesOf(text)
      for (let end = 0; end < bytes.length; end += 1)
        expect(decode(bytes, 0, end, 64, out), `${text}, ${end} bytes`).toBe('truncated')
      expect(decode(bytes, 0, bytes.length, 64, out)).toBeUndefined()
    }
  })

  test('registers that do not exist', () => {
    expect(failure('8e c8')).toBe('invalid')
    expect(failure('8c f0')).toBe('invalid')
    expect(failure('0f 20 c8')).toBe('invalid')
    expect(failure('44 0f 21 c0')).toBe('invalid')
  })

  test('opcodes that a code size lacks', () => {
    expect(failure('06')).toBe('invalid')
    expect(decoded('06', 32).mnemonic).toBe('PUSH')
    expect(failure('0f 05', 32)).toBe('invalid')
  })

  test('an unused VEX register outside 64-bit code too, though its highest bit names none there', () => {
    expect(decoded('c4 e3 7b f0 c1 01', 32).mnemonic).toBe('RORX')
    expect(failure('c4 e3 3b f0 c1 01', 32)).toBe('invalid')
    expect(decoded('c4 e2 38 f2 c3', 32).operands[1]).toMatchObject({ index: 0 })
  })

  test('VEX with a prefix, a wrong length or an unused register', () => {
    expect(failure('66 c4 e2 78 f2 c3')).toBe('invalid')
    expect(failure('c4 e2 7c f2 c3')).toBe('invalid')
    expect(failure('c4 e3 73 f0 c3 05')).toBe('invalid')
    expect(decoded('c4 e3 7b f0 c3 05').mnemonic).toBe('RORX')
  })
})

test('no stream of random bytes throws or is longer than 15 bytes', () => {
  const bytes = new Uint8Array(1 << 14)
  let state = 1
  for (let at = 0; at < bytes.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0
    bytes[at] = state >>> 16
  }
  const out = createDecoded()
  for (const codeSize of [16, 32, 64] as const) {
    for (let at = 0; at < bytes.length; at += 1) {
      if (decode(bytes, at, bytes.length, codeSize, out) === undefined) expect(out.length).toBeLessThanOrEqual(15)
    }
  }
})

test('an opcode takes a ModRM byte or none, or is no opcode', () => {
  // MOV r, r/m; MOV EAX, imm32; IMUL r, r/m; Jcc; PSHUFB; PALIGNR; a byte that only prefixes others
  expect([takesModrm(0, 0x8b), takesModrm(0, 0xb8)]).toEqual([true, false])
  expect([takesModrm(1, 0xaf), takesModrm(1, 0x84)]).toEqual([true, false])
  expect([takesModrm(2, 0x00), takesModrm(3, 0x0f), takesModrm(0, 0x66)]).toEqual([true, true, undefined])
})

describe('what a choice leaves out', () => {
  const documented = createDecoder({ without: ['undocumented'] })
  const padlock = createDecoder({ with: ['XCRYPT'] })
  const run = (by: typeof documented, hex: string, codeSize: 16 | 32 | 64 = 64) => {
    const out = createDecoded()
    return by.decode(bytesOf(hex), 0, bytesOf(hex).length, codeSize, out) ?? out.mnemonic
  }

  test.each([
    ['d6', 'SALC'],
    ['c1 f0 01', 'SHL'],
    ['d0 f0', 'SHL'],
    ['f6 c8 01', 'TEST'],
    ['dc d1', 'FCOM'],
    ['dd c9', 'FXCH'],
    ['df c1', 'FFREEP'],
    ['df d1', 'FSTP'],
    ['d9 d9', 'FSTPNCE'],
  ])('%s is %s to processors, and nothing to the manual', (hex, name) => {
    expect(decoded(hex, 32).mnemonic).toBe(name)
    expect(run(documented, hex, 32)).toBe('invalid')
  })

  test('what the manual has stays', () => {
    expect(run(documented, 'f1')).toBe('INT1')
    expect(run(documented, '0f ff c0')).toBe('UD0')
    expect(run(documented, 'f6 c0 01')).toBe('TEST')
    expect(run(documented, '82 c0 01', 32)).toBe('ADD')
  })

  test('is decoded where its feature is asked for', () => {
    expect(run(padlock, 'f3 0f a7 c8')).toBe('XCRYPTECB')
    expect(run(padlock, 'f3 0f a6 c8')).toBe('invalid')
  })
})

describe('F2 and F3 that hint', () => {
  test.each([
    ['f2 f0 01 08', 'xacquire'],
    ['f3 f0 01 08', 'xrelease'],
    ['f2 87 08', 'xacquire'],
    ['f3 89 08', 'xrelease'],
    ['f2 e8 00 00 00 00', 'bnd'],
    ['f2 ff e0', 'bnd'],
    ['f2 c3', 'bnd'],
    ['f2 74 00', 'bnd'],
  ])('%s: %s', (hex, hint) => expect(decoded(hex).hint).toBe(hint))

  test.each([
    ['f2 01 08'],
    ['f2 89 08'],
    ['f2 87 c8'],
    ['f3 c3'],
    ['f3 e8 00 00 00 00'],
    ['f2 e2 00'],
    ['f2 eb 00'],
    ['f2 a4'],
  ])('%s hints nothing', (hex) => expect(decoded(hex).hint).toBe('none'))

  test('records keep them, and the formatters write them', () => {
    const bytes = bytesOf('f2 f0 01 08 f2 ff e0')
    const records = createRecords(2)
    expect(decodeMany(bytes, 0, bytes.length, 64, records)).toBe(2)
    expect(formatRecord(records, 0)).toBe('xacquire lock add dword ptr [rax], ecx')
    expect(formatRecord(records, 1)).toBe('bnd jmp rax')
    expect(formatAtt(decoded('f3 89 08'))).toBe('xrelease mov %ecx,(%rax)')
  })
})
