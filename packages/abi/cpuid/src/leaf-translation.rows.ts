import { bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const source = sdm('2A', '3.3', 'CPUID—CPU Identification')

export const leaf18 = leaf(0x18, { from: 0 }, 'Deterministic Address Translation', source, {
  eax: { MAX_TLB_SUBLEAF: bits(31, 0, 'In sub-leaf 0: the highest sub-leaf') },
  ebx: {
    TLB_4K:           flag( 0,     'Holds 4-KByte pages'),
    TLB_2M:           flag( 1,     'Holds 2-MByte pages'),
    TLB_4M:           flag( 2,     'Holds 4-MByte pages'),
    TLB_1G:           flag( 3,     'Holds 1-GByte pages'),
    TLB_PARTITIONING: bits(10,  8, '0 is soft partitioning between logical processors'),
    TLB_WAYS:         bits(31, 16, 'Ways of associativity'),
  },
  ecx: { TLB_SETS: bits(31, 0, 'Sets') },
  edx: {
    TLB_TYPE:              bits( 4,  0, '0 invalid, 1 data, 2 instruction, 3 unified, 4 load, 5 store'),
    TLB_LEVEL:             bits( 7,  5, 'Level, from 1'),
    TLB_FULLY_ASSOCIATIVE: flag( 8,     'Fully associative'),
    TLB_MAX_SHARING_IDS:   bits(25, 14, 'Logical processors sharing it, minus 1'),
  },
})
