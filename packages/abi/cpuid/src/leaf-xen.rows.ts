import { bit, bits } from '@vmm/bits'
import { kernelSource } from '@vmm/source'
import { flag, hypervisorLeaf } from './leaf.ts'

const source = kernelSource('arch/x86/include/asm/xen/cpuid.h', 'XEN_CPUID_LEAF', '6.12')

export const xen00 = hypervisorLeaf('xen', 0x4000_0000, 'any', 'Xen Signature', source, {
  eax: { XEN_MAX_LEAF:    bits(31, 0, 'The highest leaf of this hypervisor') },
  ebx: { XEN_SIGNATURE_0: bits(31, 0, 'First four characters of XenVMMXenVMM') },
  ecx: { XEN_SIGNATURE_4: bits(31, 0, 'Middle four characters') },
  edx: { XEN_SIGNATURE_8: bits(31, 0, 'Last four characters') },
})

export const xen01 = hypervisorLeaf('xen', 0x4000_0001, 'any', 'Xen Version', source, {
  eax: { XEN_MINOR_VERSION: bits(15, 0, 'Minor version'), XEN_MAJOR_VERSION: bits(31, 16, 'Major version') },
})

export const xen02 = hypervisorLeaf('xen', 0x4000_0002, 'any', 'Xen Hypercall Pages', source, {
  eax: { XEN_HYPERCALL_PAGES: bits(31, 0, 'Pages of hypercalls') },
  ebx: { XEN_MSR_BASE:        bits(31, 0, 'The MSR that takes the address of a hypercall page') },
  ecx: { XEN_FEAT1_MMU_PT_UPDATE_PRESERVE_AD: bit(0, 'MMU_PT_UPDATE_PRESERVE_AD') },
})

export const xen03 = hypervisorLeaf('xen', 0x4000_0003, 0, 'Xen Time', source, {
  eax: {
    XEN_TSC_EMULATED:         flag(0, 'RDTSC is emulated'),
    XEN_HOST_TSC_RELIABLE:    flag(1, 'The TSC of the host is reliable'),
    XEN_RDTSCP_INSTR_AVAIL:   flag(2, 'RDTSCP'),
  },
  ebx: { XEN_TSC_MODE:        bits(31, 0, '0 default, 1 emulated, 2 native, 3 native with TSC_AUX') },
  ecx: { XEN_GUEST_TSC_KHZ:   bits(31, 0, 'TSC frequency of the guest in kHz') },
  edx: { XEN_TSC_INCARNATION: bits(31, 0, 'How often the guest has moved') },
})

export const xen03Sub1 = hypervisorLeaf('xen', 0x4000_0003, 1, 'Xen Time, Conversion', source, {
  eax: { XEN_TSC_OFFSET_LOW:   bits(31, 0, 'TSC offset, bits 31:0') },
  ebx: { XEN_TSC_OFFSET_HIGH:  bits(31, 0, 'TSC offset, bits 63:32') },
  ecx: { XEN_TSC_TO_NS_FACTOR: bits(31, 0, 'Factor from ticks to nanoseconds') },
  edx: { XEN_TSC_TO_NS_SHIFT:  bits(31, 0, 'Shift, signed') },
})

export const xen03Sub2 = hypervisorLeaf('xen', 0x4000_0003, 2, 'Xen Time, Host', source, {
  eax: { XEN_HOST_TSC_KHZ: bits(31, 0, 'TSC frequency of the host in kHz') },
})

export const xen04 = hypervisorLeaf('xen', 0x4000_0004, 'any', 'Xen HVM Features', source, {
  eax: {
    XEN_HVM_APIC_ACCESS_VIRT: bit(0, 'Virtualized APIC registers'),
    XEN_HVM_X2APIC_VIRT:      bit(1, 'Virtualized x2APIC accesses'),
    XEN_HVM_IOMMU_MAPPINGS:   bit(2, 'Memory of other domains has IOMMU entries'),
    XEN_HVM_VCPU_ID_PRESENT:  bit(3, 'EBX is the vCPU ID'),
    XEN_HVM_DOMID_PRESENT:    bit(4, 'ECX is the domain ID'),
    XEN_HVM_EXT_DEST_ID:      bit(5, 'Destination IDs of 15 bits in MSI addresses'),
    XEN_HVM_UPCALL_VECTOR:    bit(6, 'Upcalls of event channels work with physical interrupts'),
  },
  ebx: { XEN_VCPU_ID:   bits(31, 0, 'vCPU ID') },
  ecx: { XEN_DOMAIN_ID: bits(31, 0, 'Domain ID') },
})

export const xen05 = hypervisorLeaf('xen', 0x4000_0005, 0, 'Xen PV Parameters', source, {
  eax: { XEN_PV_MAX_SUBLEAF:        bits(31, 0, 'The highest sub-leaf') },
  ebx: { XEN_MACHINE_ADDRESS_WIDTH: bits( 7, 0, 'Width of machine addresses') },
})
