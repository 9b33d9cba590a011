import type { Bit } from '@vmm/bits'
import { bit } from '@vmm/bits'

/** Privileges of a partition that open MSRs, as CPUID leaf 40000003H grants them. Source: TLFS, Partition Privilege Flags. */
export const hyperVFeatures = {
  eax: {
    VP_RUNTIME: bit(0, 'HV_X64_MSR_VP_RUNTIME'),
    TIME_REF_COUNT: bit(1, 'HV_X64_MSR_TIME_REF_COUNT'),
    SYNIC: bit(2, 'Synthetic interrupt controller'),
    SYNTIMER: bit(3, 'Synthetic timers'),
    APIC_ACCESS: bit(4, 'EOI, ICR and TPR as MSRs, and the VP assist page'),
    HYPERCALL: bit(5, 'HV_X64_MSR_GUEST_OS_ID and HV_X64_MSR_HYPERCALL'),
    VP_INDEX: bit(6, 'HV_X64_MSR_VP_INDEX'),
    RESET: bit(7, 'HV_X64_MSR_RESET'),
    REFERENCE_TSC: bit(9, 'HV_X64_MSR_REFERENCE_TSC'),
    FREQUENCY_MSRS: bit(11, 'Frequencies of the TSC and of the APIC timer'),
    REENLIGHTENMENT: bit(13, 'Notice of migration, and emulation of the TSC'),
    TSC_INVARIANT: bit(15, 'HV_X64_MSR_TSC_INVARIANT_CONTROL'),
  },
  edx: {
    GUEST_CRASH_MSR: bit(10, 'HV_X64_MSR_CRASH_P0 to CRASH_CTL'),
    DEBUG_MSRS: bit(11, 'Synthetic debugging'),
    STIMER_DIRECT_MODE: bit(19, 'Synthetic timers that interrupt directly'),
  },
} as const satisfies Readonly<Record<'eax' | 'edx', Readonly<Record<string, Bit>>>>

/** A privilege by its name in {@link hyperVFeatures}. */
export type HyperVFeature = keyof typeof hyperVFeatures.eax | keyof typeof hyperVFeatures.edx

/** What MSRs ask of a guest whose CPUID says that it runs on Hyper-V. */
export interface HyperVGuest {
  /** KVM_CAP_HYPERV_ENFORCE_CPUID is on: what CPUID does not grant does not exist for the guest. */
  readonly enforced: boolean
  readonly features: ReadonlySet<HyperVFeature>
  /** KVM_CAP_HYPERV_SYNIC or KVM_CAP_HYPERV_SYNIC2 was enabled for this vCPU. */
  readonly synicActive: boolean
}

/** The privileges that EAX and EDX of leaf 40000003H grant. */
export function hyperVFeaturesOf(eax: number, edx: number): ReadonlySet<HyperVFeature> {
  const named = (fields: Readonly<Record<string, Bit>>, register: number) =>
    Object.entries(fields).flatMap(([name, { low }]) => (((register >>> low) & 1) === 1 ? [name as HyperVFeature] : []))
  return new Set([...named(hyperVFeatures.eax, eax), ...named(hyperVFeatures.edx, edx)])
}
