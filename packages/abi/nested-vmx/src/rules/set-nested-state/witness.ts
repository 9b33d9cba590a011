import { emptyNestedState, type NestedFormat, type NestedState, noAddress } from '../../nested-state.ts'
import { nestedVcpu } from '../../nested-vcpu.ts'
import { type VmcbValues, vmcbOf } from '../../vmcb12/vmcb12.ts'
import { shadowIndicator, type Vmcs12Values, vmcs12Of, vmcs12Revision } from '../../vmcs12/vmcs12.ts'
import type { GivenNestedState, NestedVcpu, SetNestedState } from './call.ts'

/** A VMCS with which KVM enters L2: a host and a guest with 64 bits. */
export const soundVmcs12: Vmcs12Values = {
  PIN_BASED_VM_EXEC_CONTROL: 0x16n,
  CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n,
  VM_EXIT_CONTROLS: 0x0003_6fffn,
  VM_ENTRY_CONTROLS: 0x0000_13fbn,
  HOST_CR0: 0x8000_0021n,
  HOST_CR3: 0x1000n,
  HOST_CR4: 0x2020n,
  HOST_CS_SELECTOR: 8n,
  HOST_TR_SELECTOR: 0x18n,
  GUEST_CR0: 0x8000_0021n,
  GUEST_CR3: 0x2000n,
  GUEST_CR4: 0x2020n,
  GUEST_RFLAGS: 2n,
  VMCS_LINK_POINTER: noAddress,
}

/** A VMCB with which KVM enters L2, with the state of a hypervisor that has 64 bits. */
export const soundVmcb12: VmcbValues = {
  INTERCEPT_WORD4: 1n,
  GUEST_ASID: 1n,
  CS: 0x029b_0008n,
  EFER: 0x1500n,
  CR0: 0x8000_0011n,
  CR3: 0x1000n,
  CR4: 0x20n,
  DR6: 0xffff_0ff0n,
  DR7: 0x400n,
  RFLAGS: 2n,
}

/** A call's parts, each with what differs from one that is done. */
export interface Changes {
  readonly given?: Partial<GivenNestedState>
  readonly vcpu?: Partial<NestedVcpu>
  readonly state?: Partial<NestedState>
}

const nothingGiven: GivenNestedState = {
  headerReadable: true,
  flags: 0,
  format: 0,
  size: 128,
  vmxonAddress: noAddress,
  vmcs12Address: noAddress,
  smmFlags: 0,
  vmxFlags: 0,
  preemptionDeadline: 0n,
  vmcbAddress: noAddress,
  gpat: 0x0007_0406_0007_0406n,
  first: undefined,
  second: undefined,
}

function called(format: NestedFormat, given: GivenNestedState, { vcpu, state }: Changes): SetNestedState {
  return {
    given,
    vcpu: nestedVcpu(format, vcpu),
    state: { ...emptyNestedState(format), ...state },
    progress: 'asked',
    returned: 0,
  }
}

/** KVM_SET_NESTED_STATE with an empty state of VMX. */
export function aSetNothing(changes: Changes = {}): SetNestedState {
  return called('vmx', { ...nothingGiven, ...changes.given }, changes)
}

/** KVM_SET_NESTED_STATE with VMX operation and a current VMCS, which is in order but for the fields given. */
export function aSetVmx(values: Vmcs12Values = {}, changes: Changes = {}): SetNestedState {
  const first = vmcs12Of({ ...soundVmcs12, ...values })
  const second = vmcs12Of({}, (vmcs12Revision | shadowIndicator) >>> 0)
  const given = { ...nothingGiven, size: 128 + 0x2000, vmxonAddress: 0x1000n, vmcs12Address: 0x2000n, first, second }
  return called('vmx', { ...given, ...changes.given }, changes)
}

/** The same with L2 active. */
export function aSetL2(values: Vmcs12Values = {}, changes: Changes = {}): SetNestedState {
  return aSetVmx(values, { ...changes, given: { flags: 1, ...changes.given } })
}

/** KVM_SET_NESTED_STATE with a VMCB that runs, which is in order but for the fields given. */
export function aSetSvm(values: VmcbValues = {}, changes: Changes = {}): SetNestedState {
  const first = vmcbOf({ ...soundVmcb12, ...values })
  const given = { ...nothingGiven, format: 1, flags: 0x101, size: 128 + 0x1000, vmcbAddress: 0x3000n, first }
  return called('svm', { ...given, ...changes.given }, changes)
}
