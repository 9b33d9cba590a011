import type { KvmEntryFailure } from '../entry/kvm-checks.ts'
import { noAddress } from '../nested-state.ts'
import type { NestedVcpu } from '../rules/set-nested-state/call.ts'
import type { Vmcs12Field } from '../vmcs12/vmcs12.ts'
import { vmcs12Offsets as at } from '../vmcs12/vmcs12.ts'
import type { VmxState } from './vmx-state.ts'

/**
 * What KVM has against the guest's state of the current VMCS. It is not looked at again where nothing was written to since it passed: what an
 * exit saves, a processor has held. A VMCS that is linked is in memory, whose writers tell nobody.
 */
export function guestFailure(checks: KvmEntryFailure<'exit'>, state: VmxState, vcpu: NestedVcpu): number | undefined {
  const { vmcs } = state
  if (state.guestPassed !== undefined && vmcs.wideAt(at.VMCS_LINK_POINTER) === noAddress) return undefined
  const lookedAt = new Set<Vmcs12Field>()
  const read = (field: Vmcs12Field): bigint => {
    lookedAt.add(field)
    return vmcs.read(field)
  }
  const wrong = checks({ read, vcpu, runPending: true })?.qualification
  state.guestPassed = wrong === undefined ? lookedAt : undefined
  return wrong
}
