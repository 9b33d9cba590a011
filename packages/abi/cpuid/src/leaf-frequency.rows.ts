import { bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { leaf } from './leaf.ts'

const source = sdm('3B', '19.7.3', 'Determining the Processor Base Frequency')

export const leaf15 = leaf(0x15, 'any', 'Time Stamp Counter and Core Crystal Clock', source, {
  eax: { TSC_RATIO_DENOMINATOR: bits(31, 0, 'Denominator of TSC over crystal clock') },
  ebx: { TSC_RATIO_NUMERATOR:   bits(31, 0, 'Numerator of TSC over crystal clock; 0 is not enumerated') },
  ecx: { CRYSTAL_HZ:            bits(31, 0, 'Nominal frequency of the crystal clock in Hz; 0 is not enumerated') },
})

export const leaf16 = leaf(0x16, 'any', 'Processor Frequency', source, {
  eax: { BASE_MHZ:    bits(15, 0, 'Base frequency in MHz') },
  ebx: { MAXIMUM_MHZ: bits(15, 0, 'Maximum frequency in MHz') },
  ecx: { BUS_MHZ:     bits(15, 0, 'Bus (reference) frequency in MHz') },
})
