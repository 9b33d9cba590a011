import type { Pipeline } from '@vmm/rule'
import type { ResetRingsCase } from './case.ts'
import { resetWithout } from './without.rule.ts'

/** KVM_RESET_DIRTY_RINGS. */
export const resetRingsPipeline: Pipeline<ResetRingsCase> = {
  call: 'KVM_RESET_DIRTY_RINGS',
  steps: [{ kind: 'check', rule: resetWithout }],
}
