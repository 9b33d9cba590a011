import { vmcsRegionBytes } from './vmcs12/vmcs12.ts'

/** Whose nested virtualization a vendor module has. */
export type NestedFormat = 'vmx' | 'svm'

/** An address that is none: KVM's INVALID_GPA. */
export const noAddress = 0xffff_ffff_ffff_ffffn

/**
 * How far a vCPU's guest is a hypervisor: what KVM_GET_NESTED_STATE tells and KVM_SET_NESTED_STATE leaves. A value: it
 * is never changed in place, and what a format does not have stays as it was when the vCPU was made.
 */
export interface NestedState {
  readonly format: NestedFormat
  /** L2 runs: registers are L2's. */
  readonly guestMode: boolean
  /** L2 was entered and has not executed an instruction. */
  readonly runPending: boolean
  /** VMX: a monitor-trap exit is due. */
  readonly mtfPending: boolean
  /** VMX operation; in SMM it is `smmVmxon` instead. */
  readonly vmxon: boolean
  /** The VMXON region; `noAddress` outside VMX operation. */
  readonly vmxonAddress: bigint
  /** The current VMCS; `noAddress` for none. */
  readonly vmcs12Address: bigint
  /** The current VMCS is an enlightened one, to be mapped when the guest is entered. */
  readonly enlightenedVmcs: boolean
  /** There was VMX operation when SMM was entered. */
  readonly smmVmxon: boolean
  /** L2 ran when SMM was entered. */
  readonly smmGuestMode: boolean
  /** When the VMX-preemption timer runs out, in its own units of L1's time-stamp counter. */
  readonly preemptionDeadline: bigint | undefined
  /** The current VMCS, 4096 bytes. */
  readonly vmcs12: Uint8Array
  /** The VMCS that it shadows. */
  readonly shadowVmcs12: Uint8Array
  /** SVM: the global interrupt flag. */
  readonly gif: boolean
  /** SVM: where the VMCB is that runs. */
  readonly vmcbAddress: bigint
  /** SVM: the control area of L2's VMCB, with the hypervisor's own state in the place of the save area. */
  readonly vmcb12: Uint8Array
}

const nothing = new Uint8Array(vmcsRegionBytes)

/** A vCPU without nested virtualization in use. */
export function emptyNestedState(format: NestedFormat): NestedState {
  return {
    format,
    guestMode: false,
    runPending: false,
    mtfPending: false,
    vmxon: false,
    vmxonAddress: noAddress,
    vmcs12Address: noAddress,
    enlightenedVmcs: false,
    smmVmxon: false,
    smmGuestMode: false,
    preemptionDeadline: undefined,
    vmcs12: nothing,
    shadowVmcs12: nothing,
    gif: true,
    vmcbAddress: noAddress,
    vmcb12: nothing,
  }
}

/** Whether there is a VMCS to tell: a current one, or one that will be mapped. */
export function hasVmcs({ vmcs12Address, enlightenedVmcs }: NestedState): boolean {
  return vmcs12Address !== noAddress || enlightenedVmcs
}

/**
 * What is left when KVM puts a vCPU out of nested virtualization, whatever its guest was at. VMX operation ends; with
 * SVM only L2 does, GIF stays. What was pending for L2 is dropped.
 *
 * Source: arch/x86/kvm/vmx/nested.c vmx_leave_nested, free_nested; arch/x86/kvm/svm/nested.c svm_leave_nested (6.12).
 */
export function leftNested(state: NestedState): NestedState {
  if (state.format === 'svm') {
    return state.guestMode ? { ...state, guestMode: false, runPending: false, vmcbAddress: noAddress } : state
  }
  const outOfL2 = state.guestMode ? { ...state, guestMode: false, runPending: false, mtfPending: false } : state
  if (!state.vmxon && !state.smmVmxon) return outOfL2
  const gone = { vmxon: false, smmVmxon: false, vmxonAddress: noAddress, vmcs12Address: noAddress } as const
  return { ...outOfL2, ...gone, enlightenedVmcs: false, vmcs12: nothing, shadowVmcs12: nothing }
}

/** A vCPU that has entered VMX operation, by VMXON or because user space says so: without a current VMCS. */
export function enteredVmx(state: NestedState, vmxonAddress: bigint): NestedState {
  const fresh = { vmcs12: nothing, shadowVmcs12: nothing } as const
  return { ...state, vmxon: true, vmxonAddress, ...fresh }
}
