import { describe, expect, test } from 'vitest'
import {
  type Assembler,
  AssemblerError,
  assembler,
  k1,
  mem,
  mem32,
  rax,
  xmm2,
  ymm0,
  ymm1,
  ymm2,
  zmm0,
  zmm1,
  zmm2,
  zmm17,
  zmm18,
  zmm31,
} from './index.ts'

const hex = (write: (a: Assembler) => void): string => {
  const a = assembler()
  write(a)
  return [...a.finish().bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

// the bytes are those of GNU as
describe('vector instructions', () => {
  test('take the shortest prefix: VEX in two bytes, in three, or EVEX', () => {
    expect(hex((a) => a.vaddps(ymm0, ymm1, ymm2))).toBe('c5 f4 58 c2')
    expect(hex((a) => a.vpshufb(ymm0, ymm1, ymm2))).toBe('c4 e2 75 00 c2')
    expect(hex((a) => a.vaddps(zmm0, zmm1, zmm2))).toBe('62 f1 74 48 58 c2')
    expect(hex((a) => a.vaddps(zmm31, zmm17, zmm18))).toBe('62 21 74 40 58 fa')
  })

  test('have masks, zeroing, broadcast and rounding behind EVEX', () => {
    expect(hex((a) => a.with({ mask: k1, zeroing: true }).vaddps(ymm0, ymm1, ymm2))).toBe('62 f1 74 a9 58 c2')
    expect(hex((a) => a.with({ broadcast: true }).vaddps(zmm0, zmm1, mem32(rax, 4)))).toBe('62 f1 74 58 58 40 01')
    expect(hex((a) => a.with({ rounding: 'zero' }).vaddps(zmm0, zmm1, zmm2))).toBe('62 f1 74 78 58 c2')
  })

  test('of EVEX have 8-bit displacements that count vectors, where they are multiples', () => {
    expect(hex((a) => a.vaddps(zmm0, zmm1, mem(rax, 64)))).toBe('62 f1 74 48 58 40 01')
    expect(hex((a) => a.vaddps(zmm0, zmm1, mem(rax, 4)))).toBe('62 f1 74 48 58 80 04 00 00 00')
  })

  test('have indices that are vectors', () => {
    const at = mem({ base: rax, index: zmm1, scale: 4, displacement: 8 })
    expect(hex((a) => a.with({ mask: k1 }).vgatherdps(zmm0, at))).toBe('62 f2 7d 49 92 44 88 02')
  })

  test('are refused what they have not', () => {
    const refused = (write: (a: Assembler) => void) => expect(() => hex(write)).toThrow(AssemblerError)
    refused((a) => a.vaddps(ymm0, ymm1, xmm2))
    refused((a) => a.with({ zeroing: true }).vaddps(zmm0, zmm1, zmm2))
    refused((a) => a.with({ rounding: 'up' }).vaddps(ymm0, ymm1, ymm2))
    refused((a) => a.with({ broadcast: true }).vpaddb(zmm0, zmm1, mem(rax)))
  })
})
