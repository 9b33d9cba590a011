import { expect, test } from 'vitest'
import { featuresOf, rows } from './index.ts'

const of = (opcode: string, length: 0 | 128 | 256 | 512) =>
  featuresOf(rows.find((row) => row.opcode === opcode)!, length)

test('a vector length may need a feature of its own', () => {
  expect(of('EVEX.NP.0F.W0 58 /r', 512)).toEqual(['AVX512F'])
  expect(of('EVEX.NP.0F.W0 58 /r', 256)).toEqual(['AVX512F', 'AVX512VL'])
  expect(of('EVEX.LIG.F3.0F.W0 58 /r', 128)).toEqual(['AVX512F'])
  expect(of('EVEX.66.MAP5.W0 58 /r', 256)).toEqual(['AVX10_2'])
  expect(of('EVEX.F2.0F38.W0 DA /r', 128)).toEqual(['SM4', 'AVX10_2'])
  expect(of('VEX.66.0F.WIG FC /r', 128)).toEqual(['AVX'])
  expect(of('VEX.66.0F.WIG FC /r', 256)).toEqual(['AVX2'])
  expect(of('66 0F FC /r', 0)).toEqual(['SSE2'])
  expect(of('01 /r', 0)).toEqual([])
})
