import type { Pipeline } from '@vmm/rule'
import type { ClearDirtyLogCase } from './case.ts'
import { clearLogFirstPage } from './first-page.rule.ts'
import { clearLogNotLogged } from './not-logged.rule.ts'
import { clearLogRange } from './range.rule.ts'
import { clearLogRings } from './rings.rule.ts'
import { clearLogSlot } from './slot-number.rule.ts'

/** KVM_CLEAR_DIRTY_LOG, before the bitmap is read. */
export const clearDirtyLogPipeline: Pipeline<ClearDirtyLogCase> = {
  call: 'KVM_CLEAR_DIRTY_LOG',
  steps: [
    { kind: 'check', rule: clearLogRings },
    { kind: 'check', rule: clearLogSlot },
    { kind: 'check', rule: clearLogFirstPage },
    { kind: 'check', rule: clearLogNotLogged },
    { kind: 'check', rule: clearLogRange },
  ],
}
