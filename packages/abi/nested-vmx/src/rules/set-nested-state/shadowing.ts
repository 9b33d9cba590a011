import { hasSecondary } from '../../checks/vmcs-check.ts'
import { noAddress } from '../../nested-state.ts'
import { primaryControls, secondaryControls } from '../../vmcs12/controls.ts'
import { type Vmcs12Values, vmcs12Reader } from '../../vmcs12/vmcs12.ts'
import type { SetNestedState } from './call.ts'

/** Whether a state's VMCS shadows another one, which follows it then. */
export function isShadowing({ given: { first }, vcpu }: SetNestedState): boolean {
  if (first === undefined) return false
  const read = vmcs12Reader(first)
  return hasSecondary({ read, vcpu, runPending: false }, 'VMCS_SHADOWING') && read('VMCS_LINK_POINTER') !== noAddress
}

/** Fields of a VMCS that shadows another one. */
export const shadowing: Vmcs12Values = {
  CPU_BASED_VM_EXEC_CONTROL: 0x0400_6172n | primaryControls.SECONDARY_CONTROLS,
  SECONDARY_VM_EXEC_CONTROL: secondaryControls.VMCS_SHADOWING,
  VMCS_LINK_POINTER: 0x3000n,
}
