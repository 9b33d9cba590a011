import type { Pipeline } from '@vmm/rule'
import type { ManualDirtyLogCase } from './case.ts'
import { manualOptions } from './options.rule.ts'
import { manualSwitch } from './switch.rule.ts'

/** KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2. */
export const manualDirtyLogPipeline: Pipeline<ManualDirtyLogCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    { kind: 'check', rule: manualSwitch },
    { kind: 'check', rule: manualOptions },
  ],
}
