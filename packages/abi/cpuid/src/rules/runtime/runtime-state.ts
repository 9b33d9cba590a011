import type { CpuidTable } from '../../entry.ts'
import type { HypervisorBase } from '../hypervisor-base.ts'
import type { KernelLookup } from '../kernel-lookup.ts'

/**
 * The registers of a vCPU that its CPUID table shows. A register that is left out is not known: its bits stay as the
 * vCPU's current table has them.
 */
export interface ShownRegisters {
  readonly cr4?: bigint | undefined
  readonly xcr0?: bigint | undefined
  /** IA32_XSS. */
  readonly xss?: bigint | undefined
  /** IA32_APIC_BASE. */
  readonly apicBase?: bigint | undefined
  /** IA32_MISC_ENABLE. */
  readonly miscEnable?: bigint | undefined
  /** What a clock update tells Xen guests: multiplier, shift and kHz of the TSC. */
  readonly tsc?: { readonly multiplier: number; readonly shift: number; readonly kHz: number } | undefined
}

/** What of a VM decides how its vCPUs' tables follow their registers. */
export interface ShownVm {
  /** KVM_CAP_X86_DISABLE_EXITS took HLT exits away. */
  readonly hltInGuest: boolean
  /** KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT is disabled: MWAIT follows IA32_MISC_ENABLE. */
  readonly mwaitFollows: boolean
}

/** A state component as the host's leaf 0DH describes it. */
export interface HostComponent {
  readonly bit: number
  readonly size: number
  readonly offset: number
  readonly kind: 'user' | 'supervisor'
  readonly aligned: 'aligned' | 'packed'
}

/** What of the host decides how tables follow registers. */
export interface ShownHost {
  readonly xsave: boolean
  readonly pku: boolean
  /** The XSAVE components beyond the legacy region. */
  readonly components: readonly HostComponent[]
  /** The XCR0 bits that KVM lets guests have on this host. */
  readonly supportedXcr0: bigint
}

/** What a runtime update looks at: a table, and the state that the table should show. */
export interface RuntimeUpdate {
  readonly table: CpuidTable
  /** The vCPU's current table, for registers that are not known. */
  readonly shown: CpuidTable
  readonly lookup: KernelLookup
  readonly registers: ShownRegisters
  readonly vm: ShownVm
  readonly host: ShownHost
  /** KVM's leaves, and Xen's, where the last KVM_SET_CPUID2 found them. */
  readonly kvmBase: HypervisorBase
  readonly xenBase: HypervisorBase
}
