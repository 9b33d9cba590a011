import type { Pipeline } from '@vmm/rule'
import type { DirtyLogCase } from './case.ts'
import { getLogNotLogged } from './not-logged.rule.ts'
import { getLogRings } from './rings.rule.ts'
import { getLogSlot } from './slot-number.rule.ts'

/** KVM_GET_DIRTY_LOG, before the bitmap is written. */
export const getDirtyLogPipeline: Pipeline<DirtyLogCase> = {
  call: 'KVM_GET_DIRTY_LOG',
  steps: [
    { kind: 'check', rule: getLogRings },
    { kind: 'check', rule: getLogSlot },
    { kind: 'check', rule: getLogNotLogged },
  ],
}
