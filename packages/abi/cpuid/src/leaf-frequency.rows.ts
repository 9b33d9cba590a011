import { bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const source = sdm('3B', '19.7.3', 'Determining the Processor Base Frequency')
const soc = sdm('2A', '3.3', 'CPUID—CPU Identification')

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

export const leaf17 = leaf(0x17, 0, 'System-On-Chip Vendor', soc, {
  eax: { MAX_SOC_SUBLEAF: bits(31, 0, 'The highest sub-leaf of leaf 17H, at least 3') },
  ebx: { SOC_VENDOR: bits(15, 0, 'Vendor ID'), SOC_VENDOR_SCHEME: flag(16, 'Assigned by a standard enumeration scheme') },
  ecx: { SOC_PROJECT:  bits(31, 0, 'Project ID') },
  edx: { SOC_STEPPING: bits(31, 0, 'Stepping ID') },
})

export const leaf17Brand = leaf(0x17, { from: 1 }, 'System-On-Chip Vendor Brand', soc, {
  eax: { SOC_BRAND_0:  bits(31, 0, 'Four characters') },
  ebx: { SOC_BRAND_4:  bits(31, 0, 'Four characters') },
  ecx: { SOC_BRAND_8:  bits(31, 0, 'Four characters') },
  edx: { SOC_BRAND_12: bits(31, 0, 'Four characters') },
})
