import type { Pipeline } from '@vmm/rule'
import { ringAfterVcpu } from './after-vcpu.rule.ts'
import type { DirtyRingCase } from './case.ts'
import { ringLargest } from './largest.rule.ts'
import { ringPower } from './power.rule.ts'
import { ringSmallest } from './smallest.rule.ts'
import { ringTwice } from './twice.rule.ts'

/** KVM_CAP_DIRTY_LOG_RING and KVM_CAP_DIRTY_LOG_RING_ACQ_REL. */
export const dirtyRingPipeline: Pipeline<DirtyRingCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    { kind: 'check', rule: ringPower },
    { kind: 'check', rule: ringSmallest },
    { kind: 'check', rule: ringLargest },
    { kind: 'check', rule: ringTwice },
    { kind: 'check', rule: ringAfterVcpu },
  ],
}
