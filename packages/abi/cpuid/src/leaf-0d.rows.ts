import { bit, bits } from '@vmm/bits'
import { sdm } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const source = sdm('1', '13.2', 'Enumeration of CPU Support for XSAVE Instructions and XSAVE-Supported Features')

export const leaf0D = leaf(0x0d, 0, 'Processor Extended State', source, {
  eax: { XCR0_LOW:  bits(31, 0, 'Bits 31:0 of XCR0 that can be set') },
  ebx: { XSAVE_SIZE_ENABLED: bits(31, 0, 'Bytes of the standard-format area for what XCR0 enables now') },
  ecx: { XSAVE_SIZE_MAX:     bits(31, 0, 'Bytes of the standard-format area for everything XCR0 can enable') },
  edx: { XCR0_HIGH: bits(31, 0, 'Bits 63:32 of XCR0 that can be set') },
})

export const leaf0DSub1 = leaf(0x0d, 1, 'Processor Extended State, Sub-leaf 1', source, {
  eax: {
    XSAVEOPT:     bit(0, 'XSAVEOPT'),
    XSAVEC:       bit(1, 'XSAVEC and the compacted format'),
    XGETBV_ECX_1: bit(2, 'XGETBV with ECX = 1'),
    XSAVES:       bit(3, 'XSAVES, XRSTORS and IA32_XSS'),
    XFD:          bit(4, 'Extended feature disable: IA32_XFD and IA32_XFD_ERR'),
  },
  ebx: { XSAVES_SIZE_ENABLED: bits(31, 0, 'Bytes of the compacted area for what XCR0 | IA32_XSS enables now') },
  ecx: { XSS_LOW:  bits(31, 0, 'Bits 31:0 of IA32_XSS that can be set') },
  edx: { XSS_HIGH: bits(31, 0, 'Bits 63:32 of IA32_XSS that can be set') },
})

export const leaf0DComponent = leaf(0x0d, { from: 2 }, 'Processor Extended State Component', source, {
  eax: { COMPONENT_SIZE:   bits(31, 0, 'Bytes of the component') },
  ebx: { COMPONENT_OFFSET: bits(31, 0, 'Where it is in the standard format; 0 for supervisor components') },
  ecx: {
    COMPONENT_SUPERVISOR: flag(0, 'Enabled in IA32_XSS, not in XCR0'),
    COMPONENT_ALIGNED:    flag(1, 'On a 64-byte boundary in the compacted format'),
    COMPONENT_XFD:        flag(2, 'Can be disabled in IA32_XFD'),
  },
})
