import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const source = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf05 = leaf(0x05, 'any', 'MONITOR and MWAIT', source, {
  eax: { SMALLEST_MONITOR_LINE: bits(15, 0, 'Smallest monitor line, in bytes') },
  ebx: { LARGEST_MONITOR_LINE:  bits(15, 0, 'Largest monitor line, in bytes') },
  ecx: {
    MWAIT_EXTENSIONS:      bit(0, 'The extensions of MWAIT are enumerated'),
    MWAIT_INTERRUPT_BREAK: bit(1, 'An interrupt is a break event even when IF=0'),
    MONITORLESS_MWAIT:     bit(3, 'MWAIT without MONITOR'),
  },
  edx: {
    C0_SUB_STATES: bits( 3,  0, 'C0 sub-states'),
    C1_SUB_STATES: bits( 7,  4, 'C1 sub-states'),
    C2_SUB_STATES: bits(11,  8, 'C2 sub-states'),
    C3_SUB_STATES: bits(15, 12, 'C3 sub-states'),
    C4_SUB_STATES: bits(19, 16, 'C4 sub-states'),
    C5_SUB_STATES: bits(23, 20, 'C5 sub-states'),
    C6_SUB_STATES: bits(27, 24, 'C6 sub-states'),
    C7_SUB_STATES: bits(31, 28, 'C7 sub-states'),
  },
})

export const leaf06 = leaf(0x06, 'any', 'Thermal and Power Management', source, {
  eax: {
    DTHERM:                 bit( 0, 'Digital temperature sensor'),
    TURBO_BOOST:            bit( 1, 'Intel Turbo Boost'),
    ARAT:                   bit( 2, 'The APIC timer always runs'),
    PLN:                    bit( 4, 'Power limit notification'),
    ECMD:                   bit( 5, 'Extended clock modulation duty cycle'),
    PTM:                    bit( 6, 'Package thermal management'),
    HWP:                    bit( 7, 'Hardware-controlled performance states'),
    HWP_NOTIFICATION:       bit( 8, 'IA32_HWP_INTERRUPT'),
    HWP_ACTIVITY_WINDOW:    bit( 9, 'IA32_HWP_REQUEST[41:32]'),
    HWP_EPP:                bit(10, 'HWP energy performance preference'),
    HWP_PACKAGE_REQUEST:    bit(11, 'IA32_HWP_REQUEST_PKG'),
    HDC:                    bit(13, 'Hardware duty cycling'),
    TURBO_BOOST_MAX_3:      bit(14, 'Intel Turbo Boost Max 3.0'),
    HWP_CAPABILITIES:       bit(15, 'Changes of the highest performance'),
    HWP_PECI_OVERRIDE:      bit(16, 'HWP PECI override'),
    FLEXIBLE_HWP:           bit(17, 'Flexible HWP'),
    FAST_HWP_REQUEST:       bit(18, 'Fast access to IA32_HWP_REQUEST'),
    HW_FEEDBACK:            bit(19, 'Hardware feedback interface'),
    IGNORE_IDLE_HWP:        bit(20, 'Requests of idle logical processors are ignored'),
    HWP_CTL:                bit(22, 'IA32_HWP_CTL'),
    THREAD_DIRECTOR:        bit(23, 'Intel Thread Director'),
    THERM_INTERRUPT_BIT_25: bit(24, 'IA32_THERM_INTERRUPT[25]'),
  },
  ebx: { THERMAL_THRESHOLDS: bits(3, 0, 'Interrupt thresholds of the temperature sensor') },
  ecx: {
    APERFMPERF:      bit ( 0,    'IA32_MPERF and IA32_APERF'),
    EPB:             bit ( 3,    'IA32_ENERGY_PERF_BIAS'),
    DIRECTOR_CLASSES: bits(15, 8, 'Thread Director classes'),
  },
  edx: {
    FEEDBACK_CAPABILITIES: bits( 7,  0, 'Hardware feedback capabilities'),
    FEEDBACK_SIZE:         bits(11,  8, 'Size of the feedback structure in pages, minus 1'),
    FEEDBACK_INDEX:        bits(31, 16, 'Row of this logical processor in the feedback structure'),
  },
})

export const leaf20 = leaf(0x20, 0, 'Processor History Reset', source, {
  eax: { MAX_HRESET_SUBLEAF: bits(31, 0, 'The highest sub-leaf of leaf 20H') },
  ebx: { HRESET_THREAD_DIRECTOR: flag(0, 'The history of Thread Director can be reset') },
})
