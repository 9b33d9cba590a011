import type { Rounding } from './context.ts'
import { fromFixed, ln2, pi } from './fixed-point.ts'
import { allMasked } from './flags.ts'
import { type Float80, one80, pack80, targets, zero80 } from './float80.ts'
import { roundTo } from './rounding.ts'

/** Constants with 192 bits of fraction, cut off; none of them is exact. */
const irrational = {
  FLDL2T: 0x3_5269e12f_346e2bf9_24afdbfd_36bf6d33_65b157f8_deceb53an,
  FLDL2E: 0x1_71547652_b82fe177_7d0ffda0_d23a7d11_d6aef551_bad2b4b1n,
  FLDPI: pi,
  FLDLG2: 0x4d104d42_7de7fbcc_47c4acd6_05be48bc_13569862_a1e8f9a4n,
  FLDLN2: ln2,
} as const

/** The instructions that load a constant. */
export type X87Constant = 'FLD1' | 'FLDZ' | keyof typeof irrational

/** What FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ push: rounded, without a flag. Source: SDM 1 §8.3.8. */
export function x87Constant(name: X87Constant, rounding: Rounding): Float80 {
  if (name === 'FLD1') return one80
  if (name === 'FLDZ') return zero80
  return pack80(targets[64], roundTo(targets[64], fromFixed(irrational[name]), { rounding, masks: allMasked }))
}
