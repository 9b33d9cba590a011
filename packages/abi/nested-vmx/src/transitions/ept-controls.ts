import { eptControls } from '@vmm/x86-registers'
import { hasSecondaryControl, secondaryBit } from '../vmcs12/control-bits.ts'
import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'

/** What a processor does beside where EPT translates: the field EPT_CONTROLS of its state. */
export function eptControlsOf(vmcs: LiveVmcs12): number {
  const byMode = hasSecondaryControl(vmcs, secondaryBit.MODE_BASED_EPT) ? eptControls.modeBasedExecute : 0
  return byMode | (hasSecondaryControl(vmcs, secondaryBit.PML) ? eptControls.log : 0)
}
