import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { leaf } from './leaf.ts'

const source = sdm('3C', '33.3.1', 'Detection of Intel Processor Trace and Capability Enumeration')

export const leaf14 = leaf(0x14, 0, 'Processor Trace', source, {
  eax: { MAX_TRACE_SUBLEAF: bits(31, 0, 'The highest sub-leaf of leaf 14H') },
  ebx: {
    PT_CR3_FILTER:  bit(0, 'Filtering by CR3'),
    PT_PSB_CYC:     bit(1, 'Configurable PSB and cycle-accurate mode'),
    PT_IP_FILTER:   bit(2, 'Filtering by IP, TraceStop, MSRs kept over warm reset'),
    PT_MTC:         bit(3, 'MTC packets'),
    PT_PTWRITE:     bit(4, 'PTWRITE'),
    PT_POWER_EVENT: bit(5, 'Power event trace'),
    PT_PSB_PMI:     bit(6, 'PSB and PMI preservation'),
    PT_EVENT:       bit(7, 'Event trace'),
    PT_TNT_DISABLE: bit(8, 'TNT packets can be disabled'),
  },
  ecx: {
    PT_TOPA:          bit( 0, 'ToPA output'),
    PT_TOPA_ENTRIES:  bit( 1, 'ToPA tables with many entries'),
    PT_SINGLE_RANGE:  bit( 2, 'Single-range output'),
    PT_TRACE_FABRIC:  bit( 3, 'Output to the trace transport'),
    PT_LIP:           bit(31, 'IP payloads are linear addresses'),
  },
})

export const leaf14Sub1 = leaf(0x14, 1, 'Processor Trace, Sub-leaf 1', source, {
  eax: {
    ADDRESS_RANGES: bits( 2,  0, 'Configurable address ranges'),
    MTC_PERIODS:    bits(31, 16, 'MTC periods, as a mask'),
  },
  ebx: {
    CYCLE_THRESHOLDS: bits(15,  0, 'Cycle thresholds, as a mask'),
    PSB_FREQUENCIES:  bits(31, 16, 'PSB frequencies, as a mask'),
  },
})
