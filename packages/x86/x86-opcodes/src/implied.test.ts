import { describe, expect, test } from 'vitest'
import { impliedOperands } from './implied-operands.rows.ts'
import { elisionOf, impliedOf, rows, x87EffectsOf } from './index.ts'
import { x87Effects } from './x87-effects.rows.ts'

const rowOf = (opcode: string, mnemonic: string) =>
  rows.find((row) => row.opcode === opcode && row.mnemonic === mnemonic)!

describe('what no operand names', () => {
  test('has rows for every name in its table, and none twice', () => {
    const known = new Set(rows.flatMap(({ mnemonic, operands }) => [mnemonic, `${mnemonic}:${operands[0]}`]))
    const names = impliedOperands.flatMap(([, list]) => list.split(' '))
    expect(names.filter((name) => !known.has(name))).toEqual([])
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  test('depends on how many operands there are', () => {
    expect(impliedOf(rowOf('F7 /5', 'IMUL')).registers.map(({ index }) => index)).toEqual([0, 2])
    expect(impliedOf(rowOf('0F AF /r', 'IMUL')).registers).toEqual([])
    expect(impliedOf(rowOf('D8 /0', 'FADD')).registers).toMatchObject([{ file: 'x87', index: 0 }])
    expect(impliedOf(rowOf('D8 C0+i', 'FADD')).registers).toEqual([])
  })

  test('is memory of strings and of the stack', () => {
    expect(impliedOf(rowOf('A5', 'MOVS')).memory).toMatchObject([
      { segment: 3, base: 6, size: 'v', reads: 'always', writes: 'never' },
      { segment: 0, base: 7, size: 'v', reads: 'never', writes: 'always' },
    ])
    expect(impliedOf(rowOf('60', 'PUSHA')).stackItems).toBe(-8)
  })
})

describe('effects on x87', () => {
  test('are told of every x87 instruction, once', () => {
    const names = x87Effects.flatMap(([, , list]) => list.split(' '))
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    const x87 = rows.filter(({ opcode }) => /^D[89A-F] /.test(opcode)).map(({ mnemonic }) => mnemonic)
    expect(x87.filter((name) => !names.includes(name))).toEqual([])
    expect(names.filter((name) => !x87.includes(name) && name !== 'FWAIT')).toEqual([])
  })

  test('are those of TOP and of the condition codes', () => {
    expect(x87EffectsOf(rowOf('D9 /0', 'FLD'))).toMatchObject({ topChange: -1, top: 'moves', modified: ['C1'] })
    expect(x87EffectsOf(rowOf('DE D9', 'FCOMPP'))).toMatchObject({ topChange: 2, cleared: ['C1'] })
    expect(x87EffectsOf(rowOf('90', 'NOP'))).toBeUndefined()
  })
})

test('lock elision is hinted where LOCK may be, and at stores', () => {
  expect(elisionOf(rowOf('01 /r', 'ADD'))).toBe('acquire-release')
  expect(elisionOf(rowOf('89 /r', 'MOV'))).toBe('release')
  expect(elisionOf(rowOf('8B /r', 'MOV'))).toBe('none')
})
