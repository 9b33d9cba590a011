import { expect, test } from 'vitest'
import { parseOpcode } from './index.ts'

test('a mandatory prefix, REX.W, the map, a digit and an immediate are told apart', () => {
  expect(parseOpcode('66 REX.W 0F 3A 16 /r ib')).toEqual({
    space: 'legacy',
    mandatory: '66',
    w: 1,
    l: undefined,
    ignoresLength: false,
    map: 3,
    byte: 0x16,
    register: false,
    modrm: { kind: 'any' },
    trailers: ['ib'],
  })
  expect(parseOpcode('81 /0 iz')).toMatchObject({
    mandatory: 'any',
    map: 0,
    byte: 0x81,
    modrm: { kind: 'digit', value: 0 },
    trailers: ['iz'],
  })
})

test('opcode registers, x87 registers and whole ModRM bytes are told apart', () => {
  expect(parseOpcode('0F C8+r')).toMatchObject({ map: 1, byte: 0xc8, register: true, modrm: { kind: 'none' } })
  expect(parseOpcode('D8 C0+i').modrm).toEqual({ kind: 'register', value: 0xc0 })
  expect(parseOpcode('0F 01 C1').modrm).toEqual({ kind: 'exact', value: 0xc1 })
})

test('VEX and EVEX rows say length, prefix, map and W', () => {
  expect(parseOpcode('VEX.LZ.F2.0F38 F6 /r')).toMatchObject({
    space: 'VEX',
    l: 0,
    ignoresLength: false,
    mandatory: 'F2',
    map: 2,
    w: undefined,
    byte: 0xf6,
  })
  expect(parseOpcode('VEX.256.66.0F.WIG 58 /r')).toMatchObject({
    space: 'VEX',
    l: 1,
    ignoresLength: false,
    mandatory: '66',
    map: 1,
    w: undefined,
  })
  expect(parseOpcode('EVEX.512.66.0F3A.W1 25 /r ib')).toMatchObject({
    space: 'EVEX',
    l: 2,
    ignoresLength: false,
    map: 3,
    w: 1,
    trailers: ['ib'],
  })
})

test('what is not the notation is refused', () => {
  expect(() => parseOpcode('0F ZZ')).toThrow('0F ZZ')
})
