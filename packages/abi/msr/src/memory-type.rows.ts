import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { type Msr, msr } from './msr.ts'
import { memoryType, memoryTypes, physicalAddress } from './rules.ts'

const variable = sdm('3A', '13.11.2.3', 'Variable Range MTRRs')
const fixed = sdm('3A', '13.11.2.2', 'Fixed Range MTRRs')
const defType = sdm('3A', '13.11.2.1', 'IA32_MTRR_DEF_TYPE MSR')
const pat = sdm('3A', '13.12.2', 'IA32_PAT MSR')

/** UC, WC, WT, WP, WB. */
const mtrrTypes = [0, 1, 4, 5, 6]
/** The same and UC-. */
const patTypes = [0, 1, 4, 5, 6, 7]

const variableCount = 8

function variableRange(at: number): readonly Msr[] {
  return [
    msr(0x200 + 2 * at, `IA32_MTRR_PHYSBASE${at}`, variable, 'plain', {
      needs: ['MTRR'],
      fields: { TYPE: bits(7, 0, 'Memory type'), PHYS_BASE: bits(51, 12, 'Base, bits 51:12') },
      rules: [
        memoryType('an MTRR holds a memory type that exists', variable, mtrrTypes),
        physicalAddress(`IA32_MTRR_PHYSBASE${at}`, variable),
      ],
    }),
    msr(0x201 + 2 * at, `IA32_MTRR_PHYSMASK${at}`, variable, 'plain', {
      needs: ['MTRR'],
      fields: { V: bit(11, 'Valid'), PHYS_MASK: bits(51, 12, 'Mask, bits 51:12') },
      rules: [physicalAddress(`IA32_MTRR_PHYSMASK${at}`, variable)],
    }),
  ]
}

const fixedRange = (index: number, range: string) =>
  msr(index, `IA32_MTRR_FIX${range}`, fixed, 'plain', {
    needs: ['MTRR'],
    rules: [memoryTypes('an MTRR holds memory types that exist', fixed, mtrrTypes)],
  })

export const memoryTypeMsrs = [
  msr(0x0fe, 'IA32_MTRRCAP', sdm('3A', '13.11.1', 'MTRR Feature Identification'), 'plain', {
    needs: ['MTRR'],
    access: 'constant',
    reset: 0x500n | BigInt(variableCount),
    fields: {
      VCNT: bits( 7, 0, 'Variable ranges'),
      FIX:  bit ( 8,    'Fixed ranges'),
      WC:   bit (10,    'Write combining'),
      SMRR: bit (11,    'System-management ranges'),
      PRMRR: bit(12,    'Processor reserved memory ranges'),
    },
  }),
  ...Array.from({ length: variableCount }, (_, at) => variableRange(at)).flat(),
  fixedRange(0x250, '64K_00000'),
  fixedRange(0x258, '16K_80000'),
  fixedRange(0x259, '16K_A0000'),
  fixedRange(0x268, '4K_C0000'),
  fixedRange(0x269, '4K_C8000'),
  fixedRange(0x26a, '4K_D0000'),
  fixedRange(0x26b, '4K_D8000'),
  fixedRange(0x26c, '4K_E0000'),
  fixedRange(0x26d, '4K_E8000'),
  fixedRange(0x26e, '4K_F0000'),
  fixedRange(0x26f, '4K_F8000'),
  msr(0x277, 'IA32_PAT', pat, 'plain', {
    needs: ['PAT'],
    reset: 0x0007_0406_0007_0406n,
    rules: [memoryTypes('IA32_PAT holds memory types that exist', pat, patTypes)],
  }),
  msr(0x2ff, 'IA32_MTRR_DEF_TYPE', defType, 'plain', {
    needs: ['MTRR'],
    fields: { TYPE: bits(7, 0, 'Default memory type'), FE: bit(10, 'Fixed ranges enable'), E: bit(11, 'MTRRs enable') },
    rules: [memoryType('the default is a memory type that exists', defType, mtrrTypes)],
  }),
]
