import type { Pipeline } from '@vmm/rule'
import type { EnableCapCase } from './case.ts'
import { enableFlags } from './flags.rule.ts'
import { enableUnknown } from './unknown.rule.ts'

/** KVM_ENABLE_CAP on a VM, before what is the capability's own. */
export const enableCapPipeline: Pipeline<EnableCapCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    { kind: 'check', rule: enableFlags },
    { kind: 'check', rule: enableUnknown },
  ],
}
