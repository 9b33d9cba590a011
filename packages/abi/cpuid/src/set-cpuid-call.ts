import type { CpuidTable } from './entry.ts'
import type { VendorRules } from './lookup.ts'
import type { HypervisorBase } from './rules/hypervisor-base.ts'
import type { KernelLookup } from './rules/kernel-lookup.ts'
import type { ShownHost, ShownRegisters, ShownVm } from './rules/runtime/runtime-state.ts'

/** The two calls that set a vCPU's CPUID table. */
export type SetCpuidName = 'KVM_SET_CPUID' | 'KVM_SET_CPUID2'

/** An allocation of the call, in the order in which the kernel makes them. */
export type SetCpuidAllocation = 'entries' | 'converted entries' | 'Hyper-V context' | 'FPU state'

/** What user space passed, as far as it can be read. */
export interface SetCpuidRequest {
  readonly header: 'readable' | 'faults'
  /** `nent` of the header. */
  readonly nent: number
  /** How many entries can be read before a fault: `nent` where the whole array can. */
  readonly readable: number
  /** The entries, as the call has them: without index and flags for `KVM_SET_CPUID`. */
  readonly entries: CpuidTable
}

/** What of a host and its kernel decides how a table is taken. */
export interface SetCpuidHost extends ShownHost {
  /** What KVM_GET_SUPPORTED_CPUID answers here. */
  readonly supported: () => CpuidTable
  readonly hyperv: boolean
  readonly xen: boolean
  /** Two-dimensional paging is on. */
  readonly tdp: boolean
  readonly gbpages: boolean
  /** EFER.NX of the host. */
  readonly nx: boolean
  /** The IA32_XSS bits that KVM lets guests have. */
  readonly supportedXss: bigint
  /** MAXPHYADDR of the host. */
  readonly physicalAddressWidth: number
  /** kvm_intel.allow_smaller_maxphyaddr: page faults of guests that have fewer bits are looked at. */
  readonly smallerMaxPhyAddr: boolean
}

/** What KVM makes of a table and remembers beside it. */
export interface DerivedState {
  /** Bits of a guest-physical address; 36 where the table does not say. */
  readonly maxPhyAddr: number
  /** Bits of a physical address beyond which those of the guest's page tables are reserved; before any table, unsaid. */
  readonly walkedWidth: number | undefined
  readonly guestSupportedXcr0: bigint
  readonly guestSupportedXss: bigint
  /** The word of KVM's feature leaf. */
  readonly pvFeatures: number
  /** Whose rules the vCPU follows, by the vendor string of its table. */
  readonly vendorRules: VendorRules
  /** The TSC-deadline mode of the local APIC's timer exists. */
  readonly tscDeadline: boolean
  /** Hyper-V's hypercalls and MSRs exist. */
  readonly hyperv: boolean
  readonly gbpages: boolean
  /** CR4 bits that the guest cannot set. */
  readonly cr4Reserved: bigint
  /** The feature words that KVM decides by; `undefined` while it decides by the table itself. */
  readonly capabilities: CpuidTable | undefined
}

/** What the call did beside storing a table. */
export type SetCpuidEffect =
  | { readonly kind: 'hyperv-context-created' }
  /** The vCPU's XSAVE area grew for these XCR0 bits; KVM_GET_XSAVE refuses from now on. */
  | { readonly kind: 'fpu-enlarged'; readonly features: bigint }
  /** A line in the kernel's log. */
  | { readonly kind: 'logged'; readonly line: string }
  /** A pending runtime update was done on the table there was before. */
  | { readonly kind: 'pending-update-done' }
  /** A pending runtime update will not be done any more, and the old table stays as it was. */
  | { readonly kind: 'pending-update-lost' }
  /** What the kernel remembers beside the table was made anew: see `derived`. */
  | { readonly kind: 'derived-anew' }

/** All that a rule of KVM_SET_CPUID and KVM_SET_CPUID2 looks at, and what its steps change. */
export interface SetCpuidCall {
  readonly call: SetCpuidName
  readonly request: SetCpuidRequest
  /** The vCPU has entered the guest at least once. */
  readonly hasRun: boolean
  /** L2 is active. */
  readonly l2Active: boolean
  /** The table cannot change any more. */
  readonly frozen: boolean
  readonly registers: ShownRegisters
  readonly vm: ShownVm
  /** The local APIC is in the kernel. */
  readonly apicInKernel: boolean
  /** Dynamic XCR0 bits that the process may give guests (ARCH_REQ_XCOMP_GUEST_PERM). */
  readonly permitted: bigint
  /** The allocation that fails, where memory is short. */
  readonly failing: SetCpuidAllocation | undefined
  readonly host: SetCpuidHost
  readonly lookup: KernelLookup
  /** The vCPU's table when the call came. */
  readonly shown: CpuidTable
  /** The table that user space gave; the old one after the kernel has swapped the two. */
  readonly incoming: CpuidTable
  /** The vCPU's table. */
  readonly stored: CpuidTable
  /** The kernel has put the new table in the place of the old one. */
  readonly installed: boolean
  /** A runtime update of the stored table is due. */
  readonly pending: boolean
  readonly hypervContext: boolean
  /** Dynamic XCR0 bits that the vCPU's XSAVE area has room for. */
  readonly fpu: bigint
  readonly kvmBase: HypervisorBase
  readonly xenBase: HypervisorBase
  readonly derived: DerivedState
  readonly effects: readonly SetCpuidEffect[]
}
