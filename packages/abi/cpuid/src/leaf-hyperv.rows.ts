import { bit, bits } from '@vmm/bits'
import { kernelSource, spec } from '@vmm/source'
import { flag, hypervisorLeaf } from './leaf.ts'

// Names are those of the kernel's header where it has one.
const tlfs = (section: string) => spec('Hypervisor Top Level Functional Specification', `2.4 Hypervisor CPUID Leaves, ${section}`)
const debugger_ = kernelSource('arch/x86/kvm/hyperv.h', 'HYPERV_CPUID_SYNDBG_*', '6.12')

export const hyperv00 = hypervisorLeaf('hyperv', 0x4000_0000, 'any', 'Hyper-V Vendor', tlfs('Maximum Hypervisor CPUID Leaf'), {
  eax: { HV_MAX_LEAF:   bits(31, 0, 'The highest leaf of this hypervisor') },
  ebx: { HV_VENDOR_0:   bits(31, 0, 'First four characters: Microsoft Hv, or Linux KVM Hv') },
  ecx: { HV_VENDOR_4:   bits(31, 0, 'Middle four characters') },
  edx: { HV_VENDOR_8:   bits(31, 0, 'Last four characters') },
})

export const hyperv01 = hypervisorLeaf('hyperv', 0x4000_0001, 'any', 'Hyper-V Interface', tlfs('Hypervisor Interface'), {
  eax: { HV_INTERFACE: bits(31, 0, 'Hv#1') },
})

export const hyperv02 = hypervisorLeaf('hyperv', 0x4000_0002, 'any', 'Hyper-V Version', tlfs('Hypervisor System Identity'), {
  eax: { HV_BUILD: bits(31, 0, 'Build number') },
  ebx: { HV_MINOR_VERSION: bits(15, 0, 'Minor version'), HV_MAJOR_VERSION: bits(31, 16, 'Major version') },
  ecx: { HV_SERVICE_PACK: bits(31, 0, 'Service pack') },
  edx: { HV_SERVICE_NUMBER: bits(23, 0, 'Service number'), HV_SERVICE_BRANCH: bits(31, 24, 'Service branch') },
})

export const hyperv03 = hypervisorLeaf('hyperv', 0x4000_0003, 'any', 'Hyper-V Features', tlfs('Hypervisor Feature Identification'), {
  eax: {
    HV_MSR_VP_RUNTIME_AVAILABLE:     bit( 0, 'HV_X64_MSR_VP_RUNTIME'),
    HV_MSR_TIME_REF_COUNT_AVAILABLE: bit( 1, 'HV_X64_MSR_TIME_REF_COUNT'),
    HV_MSR_SYNIC_AVAILABLE:          bit( 2, 'The synthetic interrupt controller'),
    HV_MSR_SYNTIMER_AVAILABLE:       bit( 3, 'Synthetic timers'),
    HV_MSR_APIC_ACCESS_AVAILABLE:    bit( 4, 'APIC registers as MSRs'),
    HV_MSR_HYPERCALL_AVAILABLE:      bit( 5, 'HV_X64_MSR_GUEST_OS_ID and HV_X64_MSR_HYPERCALL'),
    HV_MSR_VP_INDEX_AVAILABLE:       bit( 6, 'HV_X64_MSR_VP_INDEX'),
    HV_MSR_RESET_AVAILABLE:          bit( 7, 'HV_X64_MSR_RESET'),
    HV_MSR_STAT_PAGES_AVAILABLE:     bit( 8, 'Pages of statistics'),
    HV_MSR_REFERENCE_TSC_AVAILABLE:  bit( 9, 'The reference TSC page'),
    HV_MSR_GUEST_IDLE_AVAILABLE:     bit(10, 'HV_X64_MSR_GUEST_IDLE'),
    HV_ACCESS_FREQUENCY_MSRS:        bit(11, 'TSC and APIC timer frequencies as MSRs'),
    HV_ACCESS_DEBUG_MSRS:            bit(12, 'Debug MSRs'),
    HV_ACCESS_REENLIGHTENMENT:       bit(13, 'MSRs that tell of a changed TSC frequency'),
    HV_ACCESS_TSC_INVARIANT:         bit(15, 'HV_X64_MSR_TSC_INVARIANT_CONTROL'),
  },
  ebx: {
    HV_CREATE_PARTITIONS:          bit( 0, 'Partitions can be created'),
    HV_ACCESS_PARTITION_ID:        bit( 1, 'The partition ID can be asked for'),
    HV_ACCESS_MEMORY_POOL:         bit( 2, 'The memory pool'),
    HV_ADJUST_MESSAGE_BUFFERS:     bit( 3, 'Message buffers can be adjusted'),
    HV_POST_MESSAGES:              bit( 4, 'HvPostMessage'),
    HV_SIGNAL_EVENTS:              bit( 5, 'HvSignalEvent'),
    HV_CREATE_PORT:                bit( 6, 'Ports can be created'),
    HV_CONNECT_PORT:               bit( 7, 'Ports can be connected'),
    HV_ACCESS_STATS:               bit( 8, 'Statistics'),
    HV_DEBUGGING:                  bit(11, 'Debugging hypercalls'),
    HV_CPU_MANAGEMENT:             bit(12, 'Leaf 40000007H'),
    HV_ENABLE_EXTENDED_HYPERCALLS: bit(20, 'Extended hypercalls'),
    HV_START_VIRTUAL_PROCESSOR:    bit(21, 'HvStartVirtualProcessor'),
    HV_ISOLATION:                  bit(22, 'Leaf 4000000CH: an isolated partition'),
  },
  edx: {
    HV_X64_MWAIT_AVAILABLE:                    bit( 0, 'MWAIT'),
    HV_X64_GUEST_DEBUGGING_AVAILABLE:          bit( 1, 'Debugging of the guest'),
    HV_X64_PERF_MONITOR_AVAILABLE:             bit( 2, 'Performance monitor'),
    HV_X64_CPU_DYNAMIC_PARTITIONING_AVAILABLE: bit( 3, 'Events of dynamic partitioning'),
    HV_X64_HYPERCALL_XMM_INPUT_AVAILABLE:      bit( 4, 'Hypercall parameters in XMM registers'),
    HV_X64_GUEST_IDLE_STATE_AVAILABLE:         bit( 5, 'A virtual idle state'),
    HV_FEATURE_FREQUENCY_MSRS_AVAILABLE:       bit( 8, 'The frequency MSRs exist'),
    HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE:      bit(10, 'The crash MSRs exist'),
    HV_FEATURE_DEBUG_MSRS_AVAILABLE:           bit(11, 'The debug MSRs exist'),
    HV_FEATURE_EXT_GVA_RANGES_FLUSH:           bit(14, 'Extended ranges in flush hypercalls'),
    HV_X64_HYPERCALL_XMM_OUTPUT_AVAILABLE:     bit(15, 'Hypercall results in XMM registers'),
    HV_STIMER_DIRECT_MODE_AVAILABLE:           bit(19, 'Synthetic timers can send interrupts directly'),
  },
})

export const hyperv04 = hypervisorLeaf('hyperv', 0x4000_0004, 'any', 'Hyper-V Recommendations', tlfs('Implementation Recommendations'), {
  eax: {
    HV_X64_AS_SWITCH_RECOMMENDED:          bit( 0, 'A hypercall for address space switches'),
    HV_X64_LOCAL_TLB_FLUSH_RECOMMENDED:    bit( 1, 'A hypercall for local TLB flushes'),
    HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED:   bit( 2, 'A hypercall for remote TLB flushes'),
    HV_X64_APIC_ACCESS_RECOMMENDED:        bit( 3, 'MSRs for EOI, ICR and TPR'),
    HV_X64_SYSTEM_RESET_RECOMMENDED:       bit( 4, 'The reset MSR'),
    HV_X64_RELAXED_TIMING_RECOMMENDED:     bit( 5, 'No watchdog timeouts'),
    HV_DEPRECATING_AEOI_RECOMMENDED:       bit( 9, 'No automatic EOI'),
    HV_X64_CLUSTER_IPI_RECOMMENDED:        bit(10, 'HvCallSendSyntheticClusterIpi'),
    HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED: bit(11, 'Hypercalls with sets of processors'),
    HV_X64_HYPERV_NESTED:                  bit(12, 'This hypervisor runs in a Hyper-V partition'),
    HV_X64_ENLIGHTENED_VMCS_RECOMMENDED:   bit(14, 'The enlightened VMCS'),
    HV_X64_NO_NONARCH_CORESHARING:         bit(18, 'No two virtual processors share a core unless told'),
    HV_X64_USE_MMIO_HYPERCALLS:            bit(21, 'Hypercalls for configuration space'),
  },
  ebx: { HV_SPINLOCK_RETRIES: bits(31, 0, 'Tries before the hypervisor is told; all ones is never') },
  ecx: { HV_PHYSICAL_ADDRESS_BITS: bits(6, 0, 'Physical address bits of the hardware') },
})

export const hyperv05 = hypervisorLeaf('hyperv', 0x4000_0005, 'any', 'Hyper-V Limits', tlfs('Hypervisor Implementation Limits'), {
  eax: { HV_MAX_VIRTUAL_PROCESSORS: bits(31, 0, 'Most virtual processors') },
  ebx: { HV_MAX_LOGICAL_PROCESSORS: bits(31, 0, 'Most logical processors') },
  ecx: { HV_MAX_INTERRUPT_VECTORS:  bits(31, 0, 'Most physical vectors for remapping') },
})

export const hyperv06 = hypervisorLeaf('hyperv', 0x4000_0006, 'any', 'Hyper-V Hardware Use', tlfs('Implementation Hardware Features'), {
  eax: {
    HV_HW_APIC_OVERLAY:         flag(0, 'The hardware assists with the APIC overlay page'),
    HV_HW_MSR_BITMAPS:          flag(1, 'MSR bitmaps are in use'),
    HV_HW_PERFORMANCE_COUNTERS: flag(2, 'Architectural performance counters are in use'),
    HV_HW_SLAT:                 flag(3, 'Second level address translation is in use'),
    HV_HW_DMA_REMAPPING:        flag(4, 'DMA remapping is in use'),
    HV_HW_INTERRUPT_REMAPPING:  flag(5, 'Interrupt remapping is in use'),
    HV_HW_MEMORY_SCRUBBER:      flag(6, 'There is a memory patrol scrubber'),
    HV_HW_DMA_PROTECTION:       flag(7, 'DMA protection is in use'),
    HV_HW_HPET_REQUESTED:       flag(8, 'HPET is requested'),
    HV_HW_VOLATILE_SYNTIMERS:   flag(9, 'Synthetic timers are volatile'),
  },
})

export const hyperv07 = hypervisorLeaf('hyperv', 0x4000_0007, 'any', 'Hyper-V CPU Management', tlfs('CPU Management Features'), {
  eax: {
    HV_X64_START_LOGICAL_PROCESSOR:       bit( 0, 'HvCallAddLogicalProcessor'),
    HV_X64_CREATE_ROOT_VIRTUAL_PROCESSOR: bit( 1, 'Virtual processors of the root partition'),
    HV_X64_PERFORMANCE_COUNTER_SYNC:      bit( 2, 'Performance counters are in step'),
    HV_X64_RESERVED_IDENTITY_BIT:         bit(31, 'Reserved for identity'),
  },
})

export const hyperv0A = hypervisorLeaf('hyperv', 0x4000_000a, 'any', 'Hyper-V Nested Features', tlfs('Nested Virtualization Features'), {
  eax: {
    HV_EVMCS_VERSION_LOW:              bits( 7, 0, 'Lowest version of the enlightened VMCS'),
    HV_EVMCS_VERSION_HIGH:             bits(15, 8, 'Highest version of the enlightened VMCS'),
    HV_X64_NESTED_DIRECT_FLUSH:        bit(17, 'Direct virtual flush hypercalls'),
    HV_X64_NESTED_GUEST_MAPPING_FLUSH: bit(18, 'HvFlushGuestPhysicalAddress hypercalls'),
    HV_X64_NESTED_MSR_BITMAP:          bit(19, 'The enlightened MSR bitmap'),
    HV_X64_NESTED_ENLIGHTENED_TLB:     bit(22, 'The enlightened TLB of SVM'),
  },
  ebx: {
    HV_X64_NESTED_EVMCS1_PERF_GLOBAL_CTRL: bit(0, 'IA32_PERF_GLOBAL_CTRL in the enlightened VMCS'),
  },
})

export const hyperv0C = hypervisorLeaf('hyperv', 0x4000_000c, 'any', 'Hyper-V Isolation', tlfs('Isolation Configuration'), {
  eax: { HV_PARAVISOR_PRESENT: bit(0, 'A paravisor runs below') },
  ebx: {
    HV_ISOLATION_TYPE:             bits( 3, 0, '0 none, 1 VBS, 2 SNP, 3 TDX'),
    HV_SHARED_GPA_BOUNDARY_ACTIVE: bit ( 5,    'The boundary of shared addresses is active'),
    HV_SHARED_GPA_BOUNDARY_BITS:   bits(11, 6, 'Where that boundary is: a bit number'),
  },
})

export const hyperv80 = hypervisorLeaf('hyperv', 0x4000_0080, 'any', 'Hyper-V Synthetic Debugger Vendor', debugger_, {
  eax: { HV_SYNDBG_MAX_LEAF: bits(31, 0, 'The highest leaf; 0 is not told') },
  ebx: { HV_SYNDBG_VENDOR_0: bits(31, 0, 'First four characters') },
  ecx: { HV_SYNDBG_VENDOR_4: bits(31, 0, 'Middle four characters') },
  edx: { HV_SYNDBG_VENDOR_8: bits(31, 0, 'Last four characters') },
})

export const hyperv81 = hypervisorLeaf('hyperv', 0x4000_0081, 'any', 'Hyper-V Synthetic Debugger Interface', debugger_, {
  eax: { HV_SYNDBG_INTERFACE: bits(31, 0, 'VS#1') },
})

export const hyperv82 = hypervisorLeaf('hyperv', 0x4000_0082, 'any', 'Hyper-V Synthetic Debugger Properties', debugger_, {
  eax: {
    HV_X64_SYNDBG_CAP_ALLOW_KERNEL_DEBUGGING: bit(1, 'The kernel can be debugged'),
    HV_EXTENDED_IOAPIC_RTE:                   bit(2, 'Destination IDs of 15 bits in I/O APIC entries'),
  },
})
