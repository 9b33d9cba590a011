import { always, type ReleasedLifetime, since, until } from '@vmm/rule'
import { commit, kernelSource, type Source } from '@vmm/source'
import type { Feature } from '../all.ts'

/** What a Hyper-V feature can depend on. */
export type HypervCondition = 'local APIC in the kernel' | 'enlightened VMCS' | 'no SMT'

/** Since when KVM_GET_SUPPORTED_HV_CPUID reports a feature of Hyper-V. */
export interface HypervReport {
  readonly feature: Feature
  readonly lifetime: ReleasedLifetime
  readonly source: Source
  readonly when?: HypervCondition
}

const later = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_get_hv_cpuid', '6.12.117')
const older = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_get_hv_cpuid', '6.1.192')
const oldest = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_vcpu_ioctl_get_hv_cpuid', '5.10.13')
const debug = commit('f97f5a56f597', 'x86/kvm/hyper-v: Add support for synthetic debugger interface')
const ranges = kernelSource('arch/x86/kvm/hyperv.c', 'kvm_get_hv_cpuid', '6.12.117')
const between20 = { absentIn: '6.1', presentIn: '6.12' } as const

const row = (feature: Feature, lifetime: ReleasedLifetime, source: Source, when?: HypervCondition): HypervReport =>
  when === undefined ? { feature, lifetime, source } : { feature, lifetime, source, when }

export const hypervReports: readonly HypervReport[] = [
  row('HV_MSR_VP_RUNTIME_AVAILABLE',              always,             older),
  row('HV_MSR_TIME_REF_COUNT_AVAILABLE',          always,             older),
  row('HV_MSR_SYNIC_AVAILABLE',                   always,             older),
  row('HV_MSR_SYNTIMER_AVAILABLE',                always,             older),
  row('HV_MSR_APIC_ACCESS_AVAILABLE',             always,             older),
  row('HV_MSR_HYPERCALL_AVAILABLE',               always,             older),
  row('HV_MSR_VP_INDEX_AVAILABLE',                always,             older),
  row('HV_MSR_RESET_AVAILABLE',                   always,             older),
  row('HV_MSR_REFERENCE_TSC_AVAILABLE',           always,             older),
  row('HV_ACCESS_FREQUENCY_MSRS',                 always,             older),
  row('HV_ACCESS_REENLIGHTENMENT',                always,             older),
  row('HV_ACCESS_TSC_INVARIANT',                  since(between20),   later),
  row('HV_POST_MESSAGES',                         always,             older),
  row('HV_SIGNAL_EVENTS',                         always,             older),
  row('HV_DEBUGGING',                             since('5.8'),       debug),
  row('HV_ENABLE_EXTENDED_HYPERCALLS',            since(between20),   later),
  row('HV_X64_GUEST_DEBUGGING_AVAILABLE',         since('5.8'),       debug),
  row('HV_X64_HYPERCALL_XMM_INPUT_AVAILABLE',     since({ absentIn: '5.10', presentIn: '6.1' }), older),
  row('HV_FEATURE_FREQUENCY_MSRS_AVAILABLE',      always,             older),
  row('HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE',     always,             older),
  row('HV_FEATURE_DEBUG_MSRS_AVAILABLE',          since('5.8'),       debug),
  row('HV_FEATURE_EXT_GVA_RANGES_FLUSH',          since(between20),   ranges),
  row('HV_STIMER_DIRECT_MODE_AVAILABLE',          always,             older, 'local APIC in the kernel'),
  row('HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED',      always,             older),
  row('HV_X64_APIC_ACCESS_RECOMMENDED',           always,             older),
  row('HV_X64_RELAXED_TIMING_RECOMMENDED',        always,             older),
  row('HV_DEPRECATING_AEOI_RECOMMENDED',          since({ absentIn: '5.10', presentIn: '6.1' }), older),
  row('HV_X64_CLUSTER_IPI_RECOMMENDED',           until({ absentIn: '5.10', presentIn: '6.1' }), oldest),
  row('HV_X64_CLUSTER_IPI_RECOMMENDED',           since({ absentIn: '5.10', presentIn: '6.1' }), older, 'local APIC in the kernel'),
  row('HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED',    always,             older),
  row('HV_X64_ENLIGHTENED_VMCS_RECOMMENDED',      always,             older, 'enlightened VMCS'),
  row('HV_X64_NO_NONARCH_CORESHARING',            since({ absentIn: '5.3', presentIn: '5.10' }), oldest, 'no SMT'),
  row('HV_X64_NESTED_DIRECT_FLUSH',               since(between20),   later),
  row('HV_X64_NESTED_MSR_BITMAP',                 since({ absentIn: '5.10', presentIn: '6.1' }), older),
  row('HV_X64_NESTED_EVMCS1_PERF_GLOBAL_CTRL',    since({ absentIn: '6.0', presentIn: '6.1' }), older),
  row('HV_X64_SYNDBG_CAP_ALLOW_KERNEL_DEBUGGING', since('5.8'),       debug),
]
