import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { type Msr, msr } from './msr.ts'
import { canonicalAddress } from './rules.ts'

const control = sdm('3C', '34.2.8.2', 'IA32_RTIT_CTL MSR')
const status = sdm('3C', '34.2.8.4', 'IA32_RTIT_STATUS MSR')
const output = sdm('3C', '34.2.8.7', 'IA32_RTIT_OUTPUT_BASE MSR')
const filter = sdm('3C', '34.2.8.5', 'IA32_RTIT_ADDRn_A and IA32_RTIT_ADDRn_B MSRs')

const needs = ['INTEL_PT'] as const

const bound = (index: number, name: string): Msr =>
  msr(index, name, filter, 'plain', { needs: ['PT_IP_FILTER'], rules: [canonicalAddress(name)] })

const range = (at: number): readonly Msr[] => [
  bound(0x580 + 2 * at, `IA32_RTIT_ADDR${at}_A`),
  bound(0x581 + 2 * at, `IA32_RTIT_ADDR${at}_B`),
]

export const traceMsrs = [
  msr(0x560, 'IA32_RTIT_OUTPUT_BASE',      output, 'plain', { needs: ['PT_TOPA', 'PT_SINGLE_RANGE'] }),
  msr(0x561, 'IA32_RTIT_OUTPUT_MASK_PTRS', output, 'plain', { needs: ['PT_TOPA', 'PT_SINGLE_RANGE'] }),
  msr(0x570, 'IA32_RTIT_CTL', control, 'plain', {
    needs,
    fields: {
      TraceEn:      bit ( 0,     'Packets are generated'),
      CYCEn:      { ...bit( 1,   'CYC packets'), needs: 'PT_PSB_CYC' },
      OS:           bit ( 2,     'At CPL 0'),
      User:         bit ( 3,     'Above CPL 0'),
      PwrEvtEn:   { ...bit( 4,   'Power event packets'), needs: 'PT_POWER_EVENT' },
      FUPonPTW:   { ...bit( 5,   'FUP after PTWRITE'), needs: 'PT_PTWRITE' },
      FabricEn:   { ...bit( 6,   'Output to the trace fabric'), needs: 'PT_TRACE_FABRIC' },
      CR3Filter:  { ...bit( 7,   'Only where CR3 matches'), needs: 'PT_CR3_FILTER' },
      ToPA:       { ...bit( 8,   'Output by a table of physical addresses'), needs: 'PT_TOPA' },
      MTCEn:      { ...bit( 9,   'MTC packets'), needs: 'PT_MTC' },
      TSCEn:        bit (10,     'TSC packets'),
      DisRETC:      bit (11,     'No return compression'),
      PTWEn:      { ...bit(12,   'PTW packets'), needs: 'PT_PTWRITE' },
      BranchEn:     bit (13,     'Control-flow packets'),
      MTCFreq:    { ...bits(17, 14, 'Frequency of MTC packets'), needs: 'PT_MTC' },
      CycThresh:  { ...bits(22, 19, 'Threshold of CYC packets'), needs: 'PT_PSB_CYC' },
      PSBFreq:    { ...bits(27, 24, 'Frequency of PSB packets'), needs: 'PT_PSB_CYC' },
      ADDR0_CFG:  { ...bits(35, 32, 'What range 0 is for'), needs: 'PT_IP_FILTER' },
      ADDR1_CFG:  { ...bits(39, 36, 'What range 1 is for'), needs: 'PT_IP_FILTER' },
      ADDR2_CFG:  { ...bits(43, 40, 'What range 2 is for'), needs: 'PT_IP_FILTER' },
      ADDR3_CFG:  { ...bits(47, 44, 'What range 3 is for'), needs: 'PT_IP_FILTER' },
    },
  }),
  msr(0x571, 'IA32_RTIT_STATUS', status, 'plain', {
    needs,
    fields: {
      FilterEn:     bit ( 0,     'Addresses are in the range traced'),
      ContextEn:    bit ( 1,     'CPL and CR3 are traced'),
      TriggerEn:    bit ( 2,     'Tracing is on'),
      Error:        bit ( 4,     'An operational error'),
      Stopped:      bit ( 5,     'Output has stopped'),
      PacketByteCnt: bits(48, 32, 'Bytes since PSB'),
    },
  }),
  msr(0x572, 'IA32_RTIT_CR3_MATCH', filter, 'plain', { needs: ['PT_CR3_FILTER'], fields: { CR3: bits(63, 5, 'CR3 bits 63:5') } }),
  ...[0, 1, 2, 3].flatMap(range),
]
