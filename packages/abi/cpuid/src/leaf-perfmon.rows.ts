import { bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const source = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf09 = leaf(0x09, 'any', 'Direct Cache Access', source, {
  eax: { PLATFORM_DCA_CAP: bits(31, 0, 'The value of IA32_PLATFORM_DCA_CAP') },
})

export const leaf0A = leaf(0x0a, 'any', 'Architectural Performance Monitoring', source, {
  eax: {
    PERFMON_VERSION: bits( 7,  0, 'Version; 0 is none'),
    GP_COUNTERS:     bits(15,  8, 'General-purpose counters per logical processor'),
    GP_WIDTH:        bits(23, 16, 'Width of a general-purpose counter in bits'),
    EVENTS_LENGTH:   bits(31, 24, 'Bits of EBX that mean something'),
  },
  ebx: {
    NO_CORE_CYCLES:            flag( 0, 'Core cycles not available'),
    NO_INSTRUCTIONS_RETIRED:   flag( 1, 'Instructions retired not available'),
    NO_REFERENCE_CYCLES:       flag( 2, 'Reference cycles not available'),
    NO_LLC_REFERENCES:         flag( 3, 'Last-level cache references not available'),
    NO_LLC_MISSES:             flag( 4, 'Last-level cache misses not available'),
    NO_BRANCHES_RETIRED:       flag( 5, 'Branches retired not available'),
    NO_BRANCH_MISPREDICTS:     flag( 6, 'Mispredicted branches not available'),
    NO_TOPDOWN_SLOTS:          flag( 7, 'Top-down slots not available'),
    NO_TOPDOWN_BACKEND_BOUND:  flag( 8, 'Top-down backend bound not available'),
    NO_TOPDOWN_BAD_SPEC:       flag( 9, 'Top-down bad speculation not available'),
    NO_TOPDOWN_FRONTEND_BOUND: flag(10, 'Top-down frontend bound not available'),
    NO_TOPDOWN_RETIRING:       flag(11, 'Top-down retiring not available'),
    NO_LBR_INSERTS:            flag(12, 'LBR inserts not available'),
  },
  ecx: { FIXED_COUNTERS_MASK: bits(31, 0, 'Fixed counters, as a mask') },
  edx: {
    FIXED_COUNTERS:        bits( 4, 0, 'Contiguous fixed counters from 0'),
    FIXED_WIDTH:           bits(12, 5, 'Width of a fixed counter in bits'),
    ANYTHREAD_DEPRECATED:  flag(15,    'AnyThread is deprecated'),
    SLOTS_PER_CYCLE:       bits(19, 16, 'Top-down slots per cycle'),
  },
})

export const leaf0F = leaf(0x0f, 0, 'Resource Monitoring', source, {
  ebx: { MAX_RMID: bits(31, 0, 'Highest RMID of any resource') },
  edx: { L3_MONITORING: flag(1, 'L3 cache monitoring') },
})

export const leaf0FSub1 = leaf(0x0f, 1, 'L3 Cache Monitoring', source, {
  eax: { COUNTER_WIDTH: bits(7, 0, 'Counter width minus 24'), OVERFLOW_BIT: flag(8, 'IA32_QM_CTR[61] is an overflow bit') },
  ebx: { UPSCALING: bits(31, 0, 'Bytes per count') },
  ecx: { MAX_L3_RMID: bits(31, 0, 'Highest RMID of the L3 cache') },
  edx: {
    L3_OCCUPANCY:       flag(0, 'Occupancy'),
    L3_TOTAL_BANDWIDTH: flag(1, 'Total bandwidth'),
    L3_LOCAL_BANDWIDTH: flag(2, 'Local bandwidth'),
  },
})

export const leaf10 = leaf(0x10, 0, 'Resource Allocation', source, {
  ebx: {
    L3_ALLOCATION:     flag(1, 'L3 cache allocation'),
    L2_ALLOCATION:     flag(2, 'L2 cache allocation'),
    MEMORY_ALLOCATION: flag(3, 'Memory bandwidth allocation'),
  },
})
