import { entryControls, exitControls, pinControls, primaryControls, secondaryControls } from './controls.ts'
import type { LiveVmcs12 } from './live-vmcs12.ts'
import { vmcs12Offsets as at } from './vmcs12.ts'
import type { ControlGroup } from './vmx-limits.ts'

declare const group: unique symbol

/** A control as a mask of its field's 32 bits, which no other group's predicate takes. */
export type ControlBit<Group extends ControlGroup> = number & { readonly [group]: Group }

type ControlBits<Group extends ControlGroup, Masks> = { readonly [Name in keyof Masks]: ControlBit<Group> }

/** A copy, because what has grown name by name is a hash table to V8; of this its compiler takes what it reads as constants. */
function bitsOf<Group extends ControlGroup, Masks extends Readonly<Record<string, bigint>>>(
  _group: Group,
  masks: Masks,
): ControlBits<Group, Masks> {
  const entries = Object.entries(masks).map(([name, mask]) => [name, Number(mask)])
  return { ...(Object.fromEntries(entries) as ControlBits<Group, Masks>) }
}

/** Pin-based controls, for `hasPinControl`. */
export const pinBit: ControlBits<'pin', typeof pinControls> = bitsOf('pin', pinControls)
/** Primary processor-based controls, for `hasPrimaryControl`. */
export const primaryBit: ControlBits<'primary', typeof primaryControls> = bitsOf('primary', primaryControls)
/** Secondary processor-based controls, for `hasSecondaryControl`. */
export const secondaryBit: ControlBits<'secondary', typeof secondaryControls> = bitsOf('secondary', secondaryControls)
/** Controls of exits, for `hasExitControl`. */
export const exitBit: ControlBits<'exit', typeof exitControls> = bitsOf('exit', exitControls)
/** Controls of entries, for `hasEntryControl`. */
export const entryBit: ControlBits<'entry', typeof entryControls> = bitsOf('entry', entryControls)

/** Whether a pin-based control is set. */
export function hasPinControl(vmcs: LiveVmcs12, bit: ControlBit<'pin'>): boolean {
  return (vmcs.wordAt(at.PIN_BASED_VM_EXEC_CONTROL) & bit) !== 0
}

/** Whether a primary processor-based control is set. */
export function hasPrimaryControl(vmcs: LiveVmcs12, bit: ControlBit<'primary'>): boolean {
  return (vmcs.wordAt(at.CPU_BASED_VM_EXEC_CONTROL) & bit) !== 0
}

/** Whether a secondary processor-based control is set, and the secondary ones count at all. */
export function hasSecondaryControl(vmcs: LiveVmcs12, bit: ControlBit<'secondary'>): boolean {
  return (
    hasPrimaryControl(vmcs, primaryBit.SECONDARY_CONTROLS) && (vmcs.wordAt(at.SECONDARY_VM_EXEC_CONTROL) & bit) !== 0
  )
}

/** Whether a control of exits is set. */
export function hasExitControl(vmcs: LiveVmcs12, bit: ControlBit<'exit'>): boolean {
  return (vmcs.wordAt(at.VM_EXIT_CONTROLS) & bit) !== 0
}

/** Whether a control of entries is set. */
export function hasEntryControl(vmcs: LiveVmcs12, bit: ControlBit<'entry'>): boolean {
  return (vmcs.wordAt(at.VM_ENTRY_CONTROLS) & bit) !== 0
}
