import { describe, expect, test } from 'vitest'
import {
  accessOf,
  attributeMeanings,
  type OpcodeRow,
  type OperandCode,
  opcodePlaces,
  parseOpcode,
  patternAt,
  placeOf,
  rowAt,
  rows,
  sizedMnemonics,
} from './index.ts'
import { operandCodes } from './operand-codes.rows.ts'
import { encodingOf } from './row.ts'

const say = (row: OpcodeRow): string => `${row.opcode} ${row.mnemonic} ${row.operands.join(', ')}`

/** Bytes after ModRM that the operand codes ask for. */
function trailersOf(row: OpcodeRow): string[] {
  return row.operands.flatMap((code) => {
    const place = placeOf(code)
    if (place.place === 'immediate')
      return [
        place.encoded === 32 ? 'id' : place.encoded === 8 ? 'ib' : place.encoded === 16 ? 'iw' : `i${place.encoded}`,
      ]
    if (place.place === 'is4') return ['/is4']
    if (place.place === 'relative') return [place.encoded === 8 ? 'cb' : 'cz']
    return place.place === 'far' ? ['cp'] : []
  })
}

describe('every row', () => {
  test('is written in the notation', () => {
    for (const row of rows) expect(() => parseOpcode(row.opcode), say(row)).not.toThrow()
  })

  test('has a source', () => {
    expect(rows.filter(({ source }) => source === undefined).map(say)).toEqual([])
  })

  test('names the operand encoding that its operand codes amount to', () => {
    expect(rows.filter((row) => row.encoding !== encodingOf(row.operands)).map(say)).toEqual([])
  })

  test('ends in the immediates that its operand codes ask for', () => {
    expect(rows.filter((row) => parseOpcode(row.opcode).trailers.join() !== trailersOf(row).join()).map(say)).toEqual(
      [],
    )
  })

  test('has a ModRM byte exactly when an operand is in it, or the byte itself is given', () => {
    const wrong = rows.filter((row) => {
      const { modrm } = parseOpcode(row.opcode)
      const inModrm = row.operands.some((code) => ['rm', 'reg'].includes(placeOf(code).place))
      return inModrm ? modrm.kind === 'none' : modrm.kind === 'any' || modrm.kind === 'digit'
    })
    expect(wrong.map(say)).toEqual([])
  })

  test('allows LOCK only where the first operand is memory that it writes', () => {
    const wrong = rows.filter((row) => {
      const place = placeOf(row.operands[0] ?? 'AL')
      const writesMemory = place.place === 'rm' && place.memory !== undefined && accessOf(row)[0] === 'read-write'
      return row.attributes.includes('lock') && !writesMemory
    })
    expect(wrong.map(say)).toEqual([])
  })
})

describe('the list', () => {
  test('has no row twice', () => {
    const seen = rows.map((row) =>
      [
        row.opcode,
        row.operands.join(),
        row.attributes.includes('only64'),
        row.attributes.filter((one) => /^(?:not64|nd|nf1)$/.test(one)),
      ].join(' '),
    )
    expect(seen.filter((text, at) => seen.indexOf(text) !== at)).toEqual([])
  })

  test('uses every operand code and every attribute', () => {
    const codes = new Set<OperandCode>(rows.flatMap((row) => row.operands))
    expect(Object.keys(operandCodes()).filter((code) => !codes.has(code as OperandCode))).toEqual([])
    const attributes = new Set<string>(rows.flatMap((row) => row.attributes))
    expect(Object.keys(attributeMeanings).filter((word) => !attributes.has(word))).toEqual([])
  })

  test('has a row for every sized mnemonic', () => {
    const mnemonics = new Set(rows.map(({ mnemonic }) => mnemonic))
    expect(Object.keys(sizedMnemonics).filter((mnemonic) => !mnemonics.has(mnemonic))).toEqual([])
  })
})

describe('what is done to operands', () => {
  const access = (opcode: string, mnemonic: string) =>
    accessOf(rows.find((row) => row.opcode === opcode && row.mnemonic === mnemonic)!)

  test('binary arithmetic reads both and writes the first', () => {
    expect(access('01 /r', 'ADD')).toEqual(['read-write', 'read'])
    expect(access('38 /r', 'CMP')).toEqual(['read', 'read'])
    expect(access('89 /r', 'MOV')).toEqual(['write', 'read'])
  })

  test('exchanges write both, LEA reads no memory', () => {
    expect(access('86 /r', 'XCHG')).toEqual(['read-write', 'read-write'])
    expect(access('8D /r', 'LEA')).toEqual(['write', 'none'])
  })

  test('IMUL depends on how many operands it has', () => {
    expect(access('F7 /5', 'IMUL')).toEqual(['read'])
    expect(access('0F AF /r', 'IMUL')).toEqual(['read-write', 'read'])
    expect(access('69 /r iz', 'IMUL')).toEqual(['write', 'read', 'read'])
  })

  test('x87 arithmetic reads memory and writes a register', () => {
    expect(access('D8 /0', 'FADD')).toEqual(['read'])
    expect(access('D8 C0+i', 'FADD')).toEqual(['read-write', 'read'])
    expect(access('D9 /3', 'FSTP')).toEqual(['write'])
  })
})

describe('the places of rows', () => {
  test('are where their opcodes say', () => {
    const places = rows.map(({ opcode }, row) => {
      const { space, map, byte, register } = parseOpcode(opcode)
      return { row, space, map, byte, register }
    })
    expect(opcodePlaces()).toEqual(places)
  })

  test('are given of one map, too', () => {
    const vex = { space: 'VEX', map: 2 } as const
    expect(opcodePlaces(vex)).toEqual(opcodePlaces().filter(({ space, map }) => space === 'VEX' && map === 2))
    expect(opcodePlaces(vex).length).toBeGreaterThan(200)
  })
})

test('patterns by number are those of the opcodes', () => {
  expect(rows.map((_, row) => patternAt(row))).toEqual(rows.map(({ opcode }) => parseOpcode(opcode)))
})

test('a row by its number is the one of the list', () => {
  expect(rowAt(100)).toBe(rows[100])
  expect(rows.indexOf(rowAt(rows.length - 1))).toBe(rows.length - 1)
})
