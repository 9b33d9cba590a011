import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import { offeredVmxMsrs } from '../vmcs12/vmx-limits.ts'
import { cr4, wholeSCet } from './registers.ts'

/** A vCPU whose guest may use control-flow enforcement. */
export const withCet: Pick<NestedVcpu, 'allowedCr4' | 'allowedSCet' | 'vmx'> = {
  allowedCr4: 0xf7_ffffn,
  allowedSCet: wholeSCet,
  vmx: { ...offeredVmxMsrs, IA32_VMX_CR4_FIXED1: offeredVmxMsrs.IA32_VMX_CR4_FIXED1 | cr4.CET },
}
