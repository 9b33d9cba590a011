import type { Pipeline } from '@vmm/rule'
import type { GuestMemfdCase } from './case.ts'
import { memfdFlags } from './flags.rule.ts'
import { memfdNotBuilt } from './not-built.rule.ts'
import { memfdSize } from './size.rule.ts'

/** KVM_CREATE_GUEST_MEMFD. */
export const guestMemfdPipeline: Pipeline<GuestMemfdCase> = {
  call: 'KVM_CREATE_GUEST_MEMFD',
  steps: [
    { kind: 'check', rule: memfdNotBuilt },
    { kind: 'check', rule: memfdFlags },
    { kind: 'check', rule: memfdSize },
  ],
}
