import { definedMask, type Fields, fieldOf, overlap } from '@vmm/bits'
import { describe, expect, test } from 'vitest'
import {
  accessRights,
  arithmeticFlags,
  arithmeticMask,
  cr0,
  cr3,
  cr4,
  dr6,
  dr6Fixed,
  dr7,
  dr7Fixed,
  efer,
  exceptionAt,
  exceptions,
  gprIndex,
  gprNames,
  rflags,
  rflagsFixed,
  segmentNames,
  stateFields,
  xcr0,
} from './index.ts'

const registers: readonly [string, Fields][] = Object.entries({ rflags, cr0, cr3, cr4, efer, xcr0, dr6, dr7 })
const namesIn = (fields: Fields, value: bigint) =>
  Object.keys(fields).filter((name) => fieldOf(value, fields[name]!) !== 0n)

describe('fields', () => {
  test.each(registers)('of %s have a place each', (_, fields) => {
    expect(overlap(fields)).toBeUndefined()
  })

  test.each([
    ['RFLAGS', rflags, rflagsFixed],
    ['DR7', dr7, dr7Fixed],
  ])('of %s leave its fixed bits alone', (_, fields, fixed) => {
    expect(definedMask(fields) & fixed).toBe(0n)
  })

  test('of DR6 are those it changes and the two that are zero for news', () => {
    expect(namesIn(dr6, dr6Fixed)).toEqual(['BLD', 'RTM'])
  })

  test('name what Linux sets at boot', () => {
    expect(namesIn(cr0, 0x8005_0033n)).toEqual(['PE', 'MP', 'ET', 'NE', 'WP', 'AM', 'PG'])
    expect(namesIn(cr4, 0x370678n)).toEqual([
      ...['DE', 'PSE', 'PAE', 'MCE', 'OSFXSR', 'OSXMMEXCPT'],
      ...['FSGSBASE', 'PCIDE', 'OSXSAVE', 'SMEP', 'SMAP'],
    ])
    expect(namesIn(efer, 0xd01n)).toEqual(['SCE', 'LME', 'LMA', 'NXE'])
    expect(namesIn(rflags, 0x246n)).toEqual(['PF', 'ZF', 'IF'])
  })

  test('of RFLAGS that arithmetic writes are those at the places that LAHF and INTO look at', () => {
    expect(arithmeticMask).toBe(0x8d5n)
    expect(namesIn(rflags, arithmeticMask)).toEqual([...arithmeticFlags])
  })
})

describe('exceptions', () => {
  test('with an error code are these', () => {
    const coded = Object.values(exceptions).filter(({ errorCode }) => errorCode)
    expect(coded.map(({ vector }) => vector)).toEqual([8, 10, 11, 12, 13, 14, 17, 21])
  })

  test('that make a double fault of each other are these', () => {
    const contributory = Object.values(exceptions).filter(({ severity }) => severity === 'contributory')
    expect(contributory.map(({ vector }) => vector)).toEqual([0, 10, 11, 12, 13, 21])
  })

  test.each(Object.entries(exceptions))('%s is found by its vector', (name, { vector }) => {
    expect(exceptionAt(vector)).toBe(name)
  })

  test('have no name at vectors that the manual leaves free', () => {
    expect([9, 15, 22, 31, 32, 255].map(exceptionAt)).toEqual(Array(6).fill(undefined))
  })
})

describe('names', () => {
  test('are in the order of the encoding', () => {
    expect(gprNames.map(gprIndex)).toEqual(Array.from({ length: 16 }, (_, index) => index))
    // MOV r/m, r has the register in ModRM bits 5:3: SI is 6, and of segments 4 is FS
    expect(gprNames[6]).toBe('RSI')
    expect(segmentNames[4]).toBe('FS')
  })
})

describe('state', () => {
  test('has the hidden parts of each segment and system segment', () => {
    const parts = Object.keys(stateFields).filter((name) => name.endsWith('.access'))
    expect(parts).toEqual(['ES', 'CS', 'SS', 'DS', 'FS', 'GS', 'LDTR', 'TR'].map((name) => `${name}.access`))
    expect([stateFields['TR.selector'], stateFields['TR.base'], stateFields['TR.limit']]).toEqual([16, 64, 32])
  })

  test('keeps the attributes of a flat 64-bit code segment as VMX writes them', () => {
    const { nonSystem, present, long, granular, dplShift } = accessRights
    expect(0xb | nonSystem | (0 << dplShift) | present | long | granular).toBe(0xa09b)
  })
})
