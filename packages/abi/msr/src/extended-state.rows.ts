import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { msr } from './msr.ts'
import { canonicalAddress } from './rules.ts'

const table = sdm('4', '2.1', 'Table 2-2, Architectural MSRs')
const xss = sdm('1', '13.3', 'Enabling the XSAVE Feature Set and XSAVE-Enabled Features')
const cet = sdm('1', '17.2.1', 'Shadow Stack Pointers and CET MSRs')

const tileData = { XTILEDATA: { ...bit(18, 'AMX tile data'), needs: 'AMX_TILE' } } as const

const cetFields = {
  SH_STK_EN:           { ...bit ( 0,     'Shadow stacks'), needs: 'CET_SS' },
  WR_SHSTK_EN:         { ...bit ( 1,     'WRSSD and WRSSQ'), needs: 'CET_SS' },
  ENDBR_EN:            { ...bit ( 2,     'Indirect branch tracking'), needs: 'CET_IBT' },
  LEG_IW_EN:           { ...bit ( 3,     'Legacy code compatibility'), needs: 'CET_IBT' },
  NO_TRACK_EN:         { ...bit ( 4,     'No-track prefixes'), needs: 'CET_IBT' },
  SUPPRESS_DIS:        { ...bit ( 5,     'No suppression of tracking'), needs: 'CET_IBT' },
  SUPPRESS:            { ...bit (10,     'Tracking is suppressed'), needs: 'CET_IBT' },
  TRACKER:             { ...bit (11,     'The next instruction must be ENDBRANCH'), needs: 'CET_IBT' },
  EB_LEG_BITMAP_BASE:  { ...bits(63, 12, 'Legacy code page bitmap'), needs: 'CET_IBT' },
} as const

const shadowStackPointer = (index: number, name: `PL${0 | 1 | 2 | 3}_SSP`) =>
  msr(index, `IA32_${name}`, cet, `engine:${name}`, {
    needs: ['CET_SS'],
    fields: { SSP: bits(63, 2, 'Linear address, bits 63:2') },
    rules: [canonicalAddress(`IA32_${name}`)],
  })

export const extendedStateMsrs = [
  msr(0x1c4, 'IA32_XFD',     table, 'plain', { needs: ['XFD'], fields: tileData }),
  msr(0x1c5, 'IA32_XFD_ERR', table, 'plain', { needs: ['XFD'], fields: tileData }),
  msr(0x6a0, 'IA32_U_CET', cet, 'engine:U_CET', { needs: ['CET_SS', 'CET_IBT'], fields: cetFields, rules: [canonicalAddress('IA32_U_CET')] }),
  msr(0x6a2, 'IA32_S_CET', cet, 'engine:S_CET', { needs: ['CET_SS', 'CET_IBT'], fields: cetFields, rules: [canonicalAddress('IA32_S_CET')] }),
  shadowStackPointer(0x6a4, 'PL0_SSP'),
  shadowStackPointer(0x6a5, 'PL1_SSP'),
  shadowStackPointer(0x6a6, 'PL2_SSP'),
  shadowStackPointer(0x6a7, 'PL3_SSP'),
  msr(0x6a8, 'IA32_INTERRUPT_SSP_TABLE_ADDR', cet, 'engine:INTERRUPT_SSP_TABLE_ADDR', { needs: ['CET_SS'], rules: [canonicalAddress('IA32_INTERRUPT_SSP_TABLE_ADDR')] }),
  msr(0x6e1, 'IA32_PKRS', table, 'plain', { needs: ['PKS'], fields: { PKRS: bits(31, 0, 'Access and write disable of 16 keys') } }),
  msr(0xd90, 'IA32_BNDCFGS', table, 'plain', {
    needs: ['MPX'],
    fields: { EN: bit(0, 'Bounds checks'), BNDPRESERVE: bit(1, 'Bounds survive a branch without BND'), BASE: bits(63, 12, 'Bound directory') },
    rules: [canonicalAddress('IA32_BNDCFGS')],
  }),
  msr(0xda0, 'IA32_XSS', xss, 'engine:XSS', {
    needs: ['XSAVES'],
    fields: {
      PT:    { ...bit( 8, 'Processor Trace'),         needs: 'INTEL_PT' },
      PASID: { ...bit(10, 'PASID'),                   needs: 'ENQCMD' },
      CET_U: { ...bit(11, 'User CET state'),          needs: ['CET_SS', 'CET_IBT'] },
      CET_S: { ...bit(12, 'Supervisor CET state'),    needs: ['CET_SS', 'CET_IBT'] },
      HDC:   { ...bit(13, 'Hardware duty cycling'),   needs: 'HDC' },
      UINTR: { ...bit(14, 'User interrupts'),         needs: 'UINTR' },
      LBR:   { ...bit(15, 'Last branch records'),     needs: 'ARCH_LBR' },
      HWP:   { ...bit(16, 'Hardware P-states'),       needs: 'HWP' },
    },
  }),
]
