import type { NestedFormat, NestedState } from '../../nested-state.ts'
import type { VmxMsrs } from '../../vmcs12/vmx-limits.ts'

/** What the rules look at of a vCPU. */
export interface NestedVcpu {
  /** What its vendor module can: nothing where it has no nested state. */
  readonly format: NestedFormat | undefined
  /** Whether the guest's CPUID has VMX. */
  readonly hasVmx: boolean
  readonly inSmm: boolean
  /** KVM_CAP_HYPERV_ENLIGHTENED_VMCS was enabled on it. */
  readonly enlightenedVmcs: boolean
  /** Of the guest's CPUID. */
  readonly physicalAddressWidth: number
  /** By CR4.LA57. */
  readonly linearAddressWidth: 48 | 57
  /** What VMX can, as the guest is told. */
  readonly vmx: VmxMsrs
  /** Bits of CR4 that the guest may set. */
  readonly allowedCr4: bigint
  /** Bits of IA32_S_CET that the guest may set. */
  readonly allowedSCet: bigint
  /** Bits of EFER that the guest may set. */
  readonly allowedEfer: bigint
  /** Bits of IA32_DEBUGCTL that the guest may set. */
  readonly allowedDebugctl: bigint
  /** Bits of IA32_PERF_GLOBAL_CTRL that the guest may set. */
  readonly allowedPerfGlobalCtrl: bigint
  readonly cr0: bigint
  readonly cr3: bigint
  readonly efer: bigint
  /** NPT is in use. */
  readonly nestedPaging: boolean
  /** KVM_X86_QUIRK_VMCS12_ALLOW_FREEZE_IN_SMM is not disabled. */
  readonly freezeInSmmQuirk: boolean
  /** The first word at the VMCS link pointer in guest memory; nothing where no memory is. */
  readonly linkedRevision: number | undefined
  /** The save area of the processor's own state, for what KVM does not take of a VMCB. */
  readonly ownVmcb: Uint8Array
}

/** What user space gives. */
export interface GivenNestedState {
  /** Whether the 128 bytes of the header can be read. */
  readonly headerReadable: boolean
  readonly flags: number
  readonly format: number
  readonly size: number
  readonly vmxonAddress: bigint
  readonly vmcs12Address: bigint
  readonly smmFlags: number
  readonly vmxFlags: number
  readonly preemptionDeadline: bigint
  readonly vmcbAddress: bigint
  /** The PAT that L2 has of its own. */
  readonly gpat: bigint
  /** The first 4096 bytes behind the header: a VMCS or a VMCB. Nothing where they cannot be read. */
  readonly first: Uint8Array | undefined
  /** The 4096 bytes behind them: the VMCS that the first one shadows. */
  readonly second: Uint8Array | undefined
}

/** KVM_SET_NESTED_STATE on its way: what it looks at and leaves. */
export interface SetNestedState {
  readonly given: GivenNestedState
  readonly vcpu: NestedVcpu
  readonly state: NestedState
  /** Behind the point of no return, and behind that on the way into L2. */
  readonly progress: 'asked' | 'left' | 'entering'
  /** What the call returns when no rule refuses it. */
  readonly returned: number
}
