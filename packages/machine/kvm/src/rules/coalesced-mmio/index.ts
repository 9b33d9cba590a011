import type { Pipeline } from '@vmm/rule'
import type { CoalescedZone } from './case.ts'
import { coalescedKind } from './kind.rule.ts'

/** KVM_REGISTER_COALESCED_MMIO, before the zone is put on its bus. */
export const registerCoalescedPipeline: Pipeline<CoalescedZone> = {
  call: 'KVM_REGISTER_COALESCED_MMIO',
  steps: [{ kind: 'check', rule: coalescedKind }],
}

/** KVM_UNREGISTER_COALESCED_MMIO. */
export const unregisterCoalescedPipeline: Pipeline<CoalescedZone> = {
  call: 'KVM_UNREGISTER_COALESCED_MMIO',
  steps: registerCoalescedPipeline.steps,
}
