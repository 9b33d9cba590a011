import { offeredMsrs } from './offered-msrs.rows.ts'

/** An MSR of VMX's capabilities, by its name. */
export type VmxMsr = keyof typeof offeredMsrs

/** What a hypervisor in the guest may use of VMX: the values of its capability MSRs. */
export type VmxMsrs = Readonly<Record<VmxMsr, bigint>>

/** A group of controls. */
export type ControlGroup = 'pin' | 'primary' | 'secondary' | 'exit' | 'entry'

const msrOf: Readonly<Record<ControlGroup, VmxMsr>> = {
  pin: 'IA32_VMX_TRUE_PINBASED_CTLS',
  primary: 'IA32_VMX_TRUE_PROCBASED_CTLS',
  secondary: 'IA32_VMX_PROCBASED_CTLS2',
  exit: 'IA32_VMX_TRUE_EXIT_CTLS',
  entry: 'IA32_VMX_TRUE_ENTRY_CTLS',
}

const names = Object.keys(offeredMsrs) as VmxMsr[]

/** What KVM offers where the processor can do all of it. */
export const offeredVmxMsrs: VmxMsrs = vmxMsrs(() => undefined)

/** Capabilities as MSRs tell them, by index; what is not told is as KVM offers it on a processor that can do all of it. */
export function vmxMsrs(read: (index: number) => bigint | undefined): VmxMsrs {
  const entries = names.map((name) => [name, read(offeredMsrs[name][0]) ?? offeredMsrs[name][1]])
  return Object.fromEntries(entries) as VmxMsrs
}

/** Whether a group of controls has all that must be set, and nothing that may not be. */
export function areControlsAllowed(msrs: VmxMsrs, group: ControlGroup, controls: bigint): boolean {
  const told = msrs[msrOf[group]]
  const least = told & 0xffff_ffffn
  const most = told >> 32n
  return (controls & least) === least && (controls & ~most) === 0n
}

/** Whether a control of a group may be set. */
export function offersControl(msrs: VmxMsrs, group: ControlGroup, control: bigint): boolean {
  return ((msrs[msrOf[group]] >> 32n) & control) !== 0n
}

/** Whether a control register has the bits that VMX fixes. Without some of them where a guest is unrestricted. */
export function hasFixedBits(msrs: VmxMsrs, register: 'CR0' | 'CR4', value: bigint, free = 0n): boolean {
  const least = msrs[`IA32_VMX_${register}_FIXED0`] & ~free
  const most = msrs[`IA32_VMX_${register}_FIXED1`]
  return ((value & most) | least) === value
}
