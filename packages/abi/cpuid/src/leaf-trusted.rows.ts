import { bit, bits } from '@vmm/bits'
import { sdm, spec } from '@vmm/source'
import { flag, leaf } from './leaf.ts'

const sgx = sdm('3D', '35.7.2', 'Intel SGX Resource Enumeration Leaves')
const keyLocker = sdm('2A', '3.3', 'CPUID—CPU Identification')
const tdx = spec('Intel TDX Module Base Architecture Specification', 'CPUID Leaf 0x21')

export const leaf12 = leaf(0x12, 0, 'SGX Capabilities', sgx, {
  eax: {
    SGX1:           bit( 0, 'SGX1 leaf functions'),
    SGX2:           bit( 1, 'SGX2 leaf functions'),
    SGX_ENCLV:      bit( 5, 'ENCLV leaves EINCVIRTCHILD, EDECVIRTCHILD, ESETCONTEXT'),
    SGX_ENCLS_C:    bit( 6, 'ENCLS leaves ETRACKC, ERDINFO, ELDBC, ELDUC'),
    EVERIFYREPORT2: bit( 7, 'ENCLU leaf EVERIFYREPORT2'),
    EUPDATESVN:     bit(10, 'ENCLS leaf EUPDATESVN'),
    EDECCSSA:       bit(11, 'ENCLU leaf EDECCSSA'),
  },
  ebx: { MISCSELECT: bits(31, 0, 'Bits of MISCSELECT that can be set') },
  edx: {
    MAX_ENCLAVE_NOT_64: bits( 7, 0, 'Largest enclave outside 64-bit mode: log2 of bytes'),
    MAX_ENCLAVE_64:     bits(15, 8, 'Largest enclave in 64-bit mode: log2 of bytes'),
  },
})

export const leaf12Sub1 = leaf(0x12, 1, 'SGX Attributes', sgx, {
  eax: { SECS_ATTRIBUTES_0: bits(31, 0, 'SECS.ATTRIBUTES[31:0] that can be set') },
  ebx: { SECS_ATTRIBUTES_1: bits(31, 0, 'SECS.ATTRIBUTES[63:32] that can be set') },
  ecx: { SECS_XFRM_LOW:     bits(31, 0, 'SECS.ATTRIBUTES[95:64], XFRM low') },
  edx: { SECS_XFRM_HIGH:    bits(31, 0, 'SECS.ATTRIBUTES[127:96], XFRM high') },
})

export const leaf12Epc = leaf(0x12, { from: 2 }, 'SGX Enclave Page Cache Section', sgx, {
  eax: { EPC_TYPE: bits(3, 0, '0 invalid, 1 a section'), EPC_BASE_LOW: bits(31, 12, 'Base bits 31:12') },
  ebx: { EPC_BASE_HIGH: bits(19, 0, 'Base bits 51:32') },
  ecx: { EPC_PROPERTY: bits(3, 0, 'Protection of the section'), EPC_SIZE_LOW: bits(31, 12, 'Size bits 31:12') },
  edx: { EPC_SIZE_HIGH: bits(19, 0, 'Size bits 51:32') },
})

export const leaf19 = leaf(0x19, 'any', 'Key Locker', keyLocker, {
  eax: {
    KL_CPL0_ONLY:  bit(0, 'Keys restricted to CPL 0'),
    KL_NO_ENCRYPT: bit(1, 'Keys that cannot encrypt'),
    KL_NO_DECRYPT: bit(2, 'Keys that cannot decrypt'),
  },
  ebx: {
    AESKLE:      flag(0, 'AES Key Locker instructions are enabled'),
    WIDE_KL:     bit (2, 'AES wide Key Locker instructions'),
    KL_BACKUP:   bit (4, 'Key Locker MSRs and key backup'),
  },
  ecx: {
    KL_NO_BACKUP_PARAMETER: bit(0, 'LOADIWKEY can forbid backup'),
    KL_RANDOM:              bit(1, 'LOADIWKEY can take a random key'),
  },
})

export const leaf1B = leaf(0x1b, { from: 0 }, 'PCONFIG', keyLocker, {
  eax: { PCONFIG_TYPE:     bits(11, 0, '0 invalid, 1 target identifiers') },
  ebx: { PCONFIG_TARGET_1: bits(31, 0, 'A target; 1 is total memory encryption with many keys') },
  ecx: { PCONFIG_TARGET_2: bits(31, 0, 'A target') },
  edx: { PCONFIG_TARGET_3: bits(31, 0, 'A target') },
})

export const leaf21 = leaf(0x21, 0, 'TDX Guest', tdx, {
  ebx: { TDX_VENDOR_0: bits(31, 0, 'First four characters of IntelTDX and four blanks') },
  ecx: { TDX_VENDOR_8: bits(31, 0, 'Last four characters') },
  edx: { TDX_VENDOR_4: bits(31, 0, 'Middle four characters') },
})
