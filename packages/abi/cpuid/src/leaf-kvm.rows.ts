import { bit, bits } from '@vmm/bits'
import { kernelDoc, spec } from '@vmm/source'
import { hypervisorLeaf } from './leaf.ts'

const source = kernelDoc('Documentation/virt/kvm/x86/cpuid.rst', 'KVM CPUID bits')
const timing = spec('Hypervisor CPUID Interface Proposal', 'Leaf 40000010H, Timing Information')

export const leaf40000000 = hypervisorLeaf('kvm', 0x4000_0000, 'any', 'KVM Signature', source, {
  eax: { MAX_HYPERVISOR_LEAF: bits(31, 0, 'The highest leaf of this hypervisor; 0 means 40000001H') },
  ebx: { SIGNATURE_0: bits(31, 0, 'First four characters of KVMKVMKVM') },
  ecx: { SIGNATURE_4: bits(31, 0, 'Middle four characters') },
  edx: { SIGNATURE_8: bits(31, 0, 'Last character') },
})

export const leaf40000001 = hypervisorLeaf('kvm', 0x4000_0001, 'any', 'KVM Features', source, {
  eax: {
    KVM_FEATURE_CLOCKSOURCE:            bit( 0, 'kvmclock at MSRs 11H and 12H'),
    KVM_FEATURE_NOP_IO_DELAY:           bit( 1, 'Port I/O needs no delay'),
    KVM_FEATURE_MMU_OP:                 bit( 2, 'Deprecated'),
    KVM_FEATURE_CLOCKSOURCE2:           bit( 3, 'kvmclock at MSRs 4B564D00H and 4B564D01H'),
    KVM_FEATURE_ASYNC_PF:               bit( 4, 'Asynchronous page faults, MSR 4B564D02H'),
    KVM_FEATURE_STEAL_TIME:             bit( 5, 'Steal time, MSR 4B564D03H'),
    KVM_FEATURE_PV_EOI:                 bit( 6, 'Paravirtual end of interrupt, MSR 4B564D04H'),
    KVM_FEATURE_PV_UNHALT:              bit( 7, 'KVM_HC_KICK_CPU wakes a halted vCPU'),
    KVM_FEATURE_PV_TLB_FLUSH:           bit( 9, 'Flushes of preempted vCPUs are deferred'),
    KVM_FEATURE_ASYNC_PF_VMEXIT:        bit(10, 'Asynchronous page faults as VM exits of a nested guest'),
    KVM_FEATURE_PV_SEND_IPI:            bit(11, 'KVM_HC_SEND_IPI'),
    KVM_FEATURE_POLL_CONTROL:           bit(12, 'Polling in the host can be stopped, MSR 4B564D05H'),
    KVM_FEATURE_PV_SCHED_YIELD:         bit(13, 'KVM_HC_SCHED_YIELD'),
    KVM_FEATURE_ASYNC_PF_INT:           bit(14, 'Asynchronous page faults by interrupt, MSRs 4B564D06H and 4B564D07H'),
    KVM_FEATURE_MSI_EXT_DEST_ID:        bit(15, 'Destination IDs of 15 bits in MSI addresses'),
    KVM_FEATURE_HC_MAP_GPA_RANGE:       bit(16, 'KVM_HC_MAP_GPA_RANGE'),
    KVM_FEATURE_MIGRATION_CONTROL:      bit(17, 'MSR 4B564D08H'),
    KVM_FEATURE_CLOCKSOURCE_STABLE_BIT: bit(24, 'kvmclock does not go backwards between vCPUs'),
  },
  edx: {
    KVM_HINTS_REALTIME: bit(0, 'vCPUs are never preempted for long'),
  },
})

export const leaf40000010 = hypervisorLeaf('kvm', 0x4000_0010, 'any', 'Hypervisor Timing', timing, {
  eax: { VIRTUAL_TSC_KHZ: bits(31, 0, 'TSC frequency in kHz') },
  ebx: { VIRTUAL_BUS_KHZ: bits(31, 0, 'Local APIC timer frequency in kHz') },
})
