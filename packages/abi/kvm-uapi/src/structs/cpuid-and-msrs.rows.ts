import { flexible, list, padding, pointer, said, u32, u64, type ValueOf } from '@vmm/layout'
import { uapi } from './uapi-struct.ts'

/** `struct kvm_cpuid_entry`. */
export const kvmCpuidEntry = uapi('kvm_cpuid_entry', 'asm', 'A leaf that has no subleaves.', {
  function: u32,
  eax:      u32,
  ebx:      u32,
  ecx:      u32,
  edx:      u32,
  padding:  padding(u32),
})
/** What `kvmCpuidEntry` reads and writes. */
export type KvmCpuidEntry = ValueOf<typeof kvmCpuidEntry>

/** `struct kvm_cpuid`. */
export const kvmCpuid = uapi('kvm_cpuid', 'asm', 'A CPUID table without subleaves.', {
  nent:    said(u32, 'How many entries follow.'),
  padding: padding(u32),
  entries: flexible(kvmCpuidEntry),
})

/** `struct kvm_cpuid_entry2`. */
export const kvmCpuidEntry2 = uapi('kvm_cpuid_entry2', 'asm', 'A leaf, or one of its subleaves.', {
  function: u32,
  index:    said(u32, 'The subleaf, if a flag says that it counts.'),
  flags:    said(u32, 'KVM_CPUID_FLAG_*.'),
  eax:      u32,
  ebx:      u32,
  ecx:      u32,
  edx:      u32,
  padding:  padding(list(u32, 3)),
})
/** What `kvmCpuidEntry2` reads and writes. */
export type KvmCpuidEntry2 = ValueOf<typeof kvmCpuidEntry2>

/** `struct kvm_cpuid2`. */
export const kvmCpuid2 = uapi('kvm_cpuid2', 'asm', 'A CPUID table.', {
  nent:    said(u32, 'How many entries there is room for; how many there are.'),
  padding: padding(u32),
  entries: flexible(kvmCpuidEntry2),
})

/** `struct kvm_msr_entry`. */
export const kvmMsrEntry = uapi('kvm_msr_entry', 'asm', 'A model-specific register and its value.', {
  index:    u32,
  reserved: padding(u32),
  data:     u64,
})
/** What `kvmMsrEntry` reads and writes. */
export type KvmMsrEntry = ValueOf<typeof kvmMsrEntry>

/** `struct kvm_msrs`. */
export const kvmMsrs = uapi('kvm_msrs', 'asm', 'Model-specific registers to read or write, one after another.', {
  nmsrs:   said(u32, 'How many entries follow, fewer than 256.'),
  pad:     padding(u32),
  entries: flexible(kvmMsrEntry),
})

/** `struct kvm_msr_list`. */
export const kvmMsrList = uapi('kvm_msr_list', 'asm', 'Numbers of model-specific registers.', {
  nmsrs:   said(u32, 'How many there is room for; how many there are.'),
  indices: flexible(u32),
})

/** `struct kvm_msr_filter_range`. */
export const kvmMsrFilterRange = uapi('kvm_msr_filter_range', 'asm', 'Which of some consecutive registers a guest may access.', {
  flags:  said(u32, 'KVM_MSR_FILTER_READ and _WRITE: what the range is about.'),
  nmsrs:  said(u32, 'How many registers; 0 for a range that does not count, at most 0x3000.'),
  base:   said(u32, 'The first register.'),
  bitmap: pointer('a bit for each register, set if access is allowed'),
})

/** `struct kvm_msr_filter`. */
export const kvmMsrFilter = uapi('kvm_msr_filter', 'asm', 'Which model-specific registers a guest may access.', {
  flags:  said(u32, 'KVM_MSR_FILTER_DEFAULT_*: what holds where no range does.'),
  ranges: list(kvmMsrFilterRange, 16),
})

/** `struct kvm_pmu_event_filter`. */
export const kvmPmuEventFilter = uapi('kvm_pmu_event_filter', 'asm', 'Which events a guest may count.', {
  action:               said(u32, 'KVM_PMU_EVENT_ALLOW or _DENY.'),
  nevents:              said(u32, 'How many events follow, at most 300.'),
  fixed_counter_bitmap: u32,
  flags:                said(u32, 'KVM_PMU_EVENT_FLAG_*.'),
  pad:                  padding(list(u32, 4)),
  events:               flexible(u64),
})
