import { hasSecondary } from '../../checks/vmcs-check.ts'
import { hasVmcs, type NestedState, noAddress } from '../../nested-state.ts'
import { nestedVcpu } from '../../nested-vcpu.ts'
import { vmcbBytes } from '../../vmcb12/vmcb12.ts'
import { vmcs12Reader, vmcsRegionBytes } from '../../vmcs12/vmcs12.ts'
import type { GetNestedState } from './call.ts'

const headerBytes = 128

/** Whether the current VMCS shadows another one. */
function isShadowing(state: NestedState): boolean {
  const read = vmcs12Reader(state.vmcs12)
  const entry = { read, vcpu: nestedVcpu('vmx'), runPending: false }
  return hasSecondary(entry, 'VMCS_SHADOWING') && read('VMCS_LINK_POINTER') !== noAddress
}

/** Whether VMX has anything to tell: VMX operation, now or when SMM was entered, of a guest whose CPUID has VMX. */
export function tellsVmx({ state, hasVmx }: Pick<GetNestedState, 'state' | 'hasVmx'>): boolean {
  return hasVmx && (state.vmxon || state.smmVmxon)
}

/** Bytes that there are to tell, as the header says them. */
export function neededBytes({ state, hasVmx, size }: Pick<GetNestedState, 'state' | 'hasVmx' | 'size'>): number {
  if (state.format === 'svm') return size >= headerBytes && state.guestMode ? headerBytes + vmcbBytes : headerBytes
  if (!tellsVmx({ state, hasVmx }) || !hasVmcs(state)) return headerBytes
  const shadow = state.guestMode && isShadowing(state) ? vmcsRegionBytes : 0
  return headerBytes + vmcsRegionBytes + shadow
}

/**
 * Bytes that are written. They are more than the header says where the guest's CPUID has lost VMX, and where a VMCS
 * shadows another one while L1 runs: what VMX has is written all the same.
 */
export function writtenBytes({ state, size, needed }: GetNestedState): number {
  if (state.format === 'svm') return size < headerBytes ? 0 : needed
  if (size < needed) return 0
  if (!hasVmcs(state)) return headerBytes
  return headerBytes + vmcsRegionBytes + (isShadowing(state) ? vmcsRegionBytes : 0)
}
