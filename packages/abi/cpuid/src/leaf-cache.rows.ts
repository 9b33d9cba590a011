import { bits } from '@vmm/bits'
import { apm, sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const intel = sdm('2A', '3.3', 'CPUID—CPU Identification')
const amd = apm('3', 'E.4.15', 'Function 8000_001Dh—Cache Topology Information')

export const leaf04 = leaf(0x04, { from: 0 }, 'Deterministic Cache Parameters', intel, {
  eax: {
    CACHE_TYPE:        bits( 4,  0, '0 no more caches, 1 data, 2 instruction, 3 unified'),
    CACHE_LEVEL:       bits( 7,  5, 'Level, from 1'),
    SELF_INITIALIZING: flag( 8,     'Needs no software initialization'),
    FULLY_ASSOCIATIVE: flag( 9,     'Fully associative'),
    MAX_SHARING_IDS:   bits(25, 14, 'Addressable logical processors sharing this cache, minus 1'),
    MAX_CORE_IDS:      bits(31, 26, 'Addressable cores in the package, minus 1'),
  },
  ebx: {
    LINE_SIZE:  bits(11,  0, 'Bytes in a coherency line, minus 1'),
    PARTITIONS: bits(21, 12, 'Physical line partitions, minus 1'),
    WAYS:       bits(31, 22, 'Ways of associativity, minus 1'),
  },
  ecx: { SETS: bits(31, 0, 'Sets, minus 1') },
  edx: {
    WBINVD_NOT_SHARED: flag(0, 'WBINVD does not act on lower levels of threads sharing this cache'),
    INCLUSIVE:         flag(1, 'Inclusive of lower levels'),
    COMPLEX_INDEXING:  flag(2, 'The index is a function of all address bits'),
  },
})

export const leaf8000001D = leaf(0x8000_001d, { from: 0 }, 'Cache Topology (AMD)', amd, {
  eax: {
    CACHE_TYPE:        bits( 4,  0, '0 no more caches, 1 data, 2 instruction, 3 unified'),
    CACHE_LEVEL:       bits( 7,  5, 'Level, from 1'),
    SELF_INITIALIZING: flag( 8,     'Needs no software initialization'),
    FULLY_ASSOCIATIVE: flag( 9,     'Fully associative'),
    MAX_SHARING_IDS:   bits(25, 14, 'Logical processors sharing this cache, minus 1'),
  },
  ebx: {
    LINE_SIZE:  bits(11,  0, 'Bytes in a line, minus 1'),
    PARTITIONS: bits(21, 12, 'Physical partitions, minus 1'),
    WAYS:       bits(31, 22, 'Ways, minus 1'),
  },
  ecx: { SETS: bits(31, 0, 'Sets, minus 1') },
  edx: {
    WBINVD_NOT_SHARED: flag(0, 'WBINVD does not act on all lower levels'),
    INCLUSIVE:         flag(1, 'Inclusive of lower levels'),
  },
})
