import { entryControls, exitControls, pinControls, primaryControls, secondaryControls } from './controls.ts'
import type { LiveVmcs12 } from './live-vmcs12.ts'
import { vmcs12Fields as at } from './vmcs12-fields.rows.ts'

/** A copy, because what has grown name by name is a hash table to V8, several times as slow to read. */
const asNumbers = <Name extends string>(bits: Readonly<Record<Name, bigint>>): Readonly<Record<Name, number>> => ({
  ...(Object.fromEntries(Object.entries<bigint>(bits).map(([name, bit]) => [name, Number(bit)])) as Record<
    Name,
    number
  >),
})

const pin = asNumbers(pinControls)
const primary = asNumbers(primaryControls)
const secondary = asNumbers(secondaryControls)
const exit = asNumbers(exitControls)
const entry = asNumbers(entryControls)

/** Whether a pin-based control is set. */
export function hasPinControl(vmcs: LiveVmcs12, name: keyof typeof pinControls): boolean {
  return (vmcs.wordAt(at.PIN_BASED_VM_EXEC_CONTROL) & pin[name]) !== 0
}

/** Whether a primary processor-based control is set. */
export function hasPrimaryControl(vmcs: LiveVmcs12, name: keyof typeof primaryControls): boolean {
  return (vmcs.wordAt(at.CPU_BASED_VM_EXEC_CONTROL) & primary[name]) !== 0
}

/** Whether a secondary processor-based control is set, and the secondary ones count at all. */
export function hasSecondaryControl(vmcs: LiveVmcs12, name: keyof typeof secondaryControls): boolean {
  return (
    hasPrimaryControl(vmcs, 'SECONDARY_CONTROLS') && (vmcs.wordAt(at.SECONDARY_VM_EXEC_CONTROL) & secondary[name]) !== 0
  )
}

/** Whether a control of exits is set. */
export function hasExitControl(vmcs: LiveVmcs12, name: keyof typeof exitControls): boolean {
  return (vmcs.wordAt(at.VM_EXIT_CONTROLS) & exit[name]) !== 0
}

/** Whether a control of entries is set. */
export function hasEntryControl(vmcs: LiveVmcs12, name: keyof typeof entryControls): boolean {
  return (vmcs.wordAt(at.VM_ENTRY_CONTROLS) & entry[name]) !== 0
}
