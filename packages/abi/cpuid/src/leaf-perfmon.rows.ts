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

export const leaf10Sub1 = leaf(0x10, 1, 'L3 Cache Allocation', source, {
  eax: { L3_MASK_LENGTH: bits(4, 0, 'Length of a capacity mask, minus 1') },
  ebx: { L3_SHARED_WAYS: bits(31, 0, 'Ways that other agents may use, as a mask') },
  ecx: { L3_CDP: flag(2, 'Code and data prioritization'), L3_SPARSE_MASKS: flag(3, 'Masks need not be contiguous') },
  edx: { L3_MAX_COS: bits(15, 0, 'Highest class of service') },
})

export const leaf10Sub2 = leaf(0x10, 2, 'L2 Cache Allocation', source, {
  eax: { L2_MASK_LENGTH: bits(4, 0, 'Length of a capacity mask, minus 1') },
  ebx: { L2_SHARED_WAYS: bits(31, 0, 'Ways that other agents may use, as a mask') },
  ecx: { L2_CDP: flag(2, 'Code and data prioritization'), L2_SPARSE_MASKS: flag(3, 'Masks need not be contiguous') },
  edx: { L2_MAX_COS: bits(15, 0, 'Highest class of service') },
})

export const leaf10Sub3 = leaf(0x10, 3, 'Memory Bandwidth Allocation', source, {
  eax: { MBA_MAX_DELAY: bits(11, 0, 'Greatest throttling value, minus 1') },
  ecx: { MBA_PER_THREAD: flag(0, 'Controlled per thread'), MBA_LINEAR: flag(2, 'The delay is linear') },
  edx: { MBA_MAX_COS: bits(15, 0, 'Highest class of service') },
})

export const leaf1C = leaf(0x1c, 0, 'Last Branch Records', source, {
  eax: {
    LBR_DEPTHS:         bits( 7, 0, 'Depths that can be chosen, as a mask of multiples of 8'),
    LBR_DEEP_C_RESET:   flag(30,    'Records may be lost in deep C-states'),
    LBR_LIP:            flag(31,    'Addresses are linear, not effective'),
  },
  ebx: {
    LBR_CPL_FILTERING:    flag(0, 'Filtering by CPL'),
    LBR_BRANCH_FILTERING: flag(1, 'Filtering by branch type'),
    LBR_CALL_STACK:       flag(2, 'Call-stack mode'),
  },
  ecx: {
    LBR_MISPREDICT:    flag( 0,     'Mispredictions are recorded'),
    LBR_TIMED:         flag( 1,     'Cycles are recorded'),
    LBR_BRANCH_TYPE:   flag( 2,     'Branch types are recorded'),
    LBR_EVENT_LOGGING: bits(19, 16, 'Counters whose events are recorded, as a mask'),
  },
})

export const leaf23 = leaf(0x23, 0, 'Architectural Performance Monitoring Extended', source, {
  eax: { PERFMON_SUBLEAVES: bits(31, 0, 'Sub-leaves that exist, as a mask') },
  ebx: {
    PERFMON_UNIT_MASK_2: flag(0, 'IA32_PERFEVTSELx.UnitMask2'),
    PERFMON_EQUAL:       flag(1, 'IA32_PERFEVTSELx.EQ'),
  },
})

export const leaf23Sub1 = leaf(0x23, 1, 'Performance Counters', source, {
  eax: { GP_COUNTERS_MASK:          bits(31, 0, 'General-purpose counters, as a mask') },
  ebx: { EXTENDED_FIXED_COUNTERS_MASK: bits(31, 0, 'Fixed counters, as a mask') },
})

export const leaf23Sub2 = leaf(0x23, 2, 'Auto Counter Reload', source, {
  eax: { ACR_GP_RELOADED:    bits(31, 0, 'General-purpose counters that can be reloaded') },
  ebx: { ACR_FIXED_RELOADED: bits(31, 0, 'Fixed counters that can be reloaded') },
  ecx: { ACR_GP_CAUSES:      bits(31, 0, 'General-purpose counters that can cause a reload') },
  edx: { ACR_FIXED_CAUSES:   bits(31, 0, 'Fixed counters that can cause a reload') },
})

export const leaf23Sub3 = leaf(0x23, 3, 'Architectural Performance Events', source, {
  eax: { PERFMON_EVENTS: bits(31, 0, 'Events that exist, as a mask') },
})
