import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import { secondaryControls } from '../vmcs12/controls.ts'
import { offeredVmxMsrs, type VmxMsrs } from '../vmcs12/vmx-limits.ts'
import { isLegal } from './vmcs-check.ts'

const capability = { uncacheable: 1n << 8n, writeBack: 1n << 14n, levels4: 1n << 6n, levels5: 1n << 7n } as const
const accessedDirty = 1n << 21n

/** Whether IA32_VMX_EPT_VPID_CAP allows a memory type of EPT structures. Source: SDM 3D A.10. */
export function isEptMemoryType(type: bigint, told: bigint): boolean {
  if (type === 0n) return (told & capability.uncacheable) !== 0n
  return type === 6n && (told & capability.writeBack) !== 0n
}

/** Whether it allows a walk of one more level than is given. Source: SDM 3D A.10. */
export function isEptWalk(lessOne: bigint, told: bigint): boolean {
  if (lessOne === 3n) return (told & capability.levels4) !== 0n
  return lessOne === 4n && (told & capability.levels5) !== 0n
}

/** Whether an EPT pointer is one that an entry would take. Source: SDM 3C 27.2.1.1. */
export function isEptPointer(vcpu: NestedVcpu, eptp: bigint): boolean {
  const told = vcpu.vmx.IA32_VMX_EPT_VPID_CAP
  const reserved = (eptp & 0xf80n) !== 0n || !isLegal({ vcpu }, eptp)
  const flags = (eptp & 0x40n) !== 0n && (told & accessedDirty) === 0n
  return !reserved && !flags && isEptMemoryType(eptp & 7n, told) && isEptWalk((eptp >> 3n) & 7n, told)
}

/** What KVM offers where the processor's EPT has no accessed and dirty flags. */
export const withoutEptFlags: VmxMsrs = {
  ...offeredVmxMsrs,
  IA32_VMX_EPT_VPID_CAP: offeredVmxMsrs.IA32_VMX_EPT_VPID_CAP & ~accessedDirty,
}

/** What a kernel offers that lets who executes decide about EPT. */
export const withModeBasedEpt: VmxMsrs = {
  ...offeredVmxMsrs,
  IA32_VMX_PROCBASED_CTLS2: offeredVmxMsrs.IA32_VMX_PROCBASED_CTLS2 | (secondaryControls.MODE_BASED_EPT << 32n),
}
