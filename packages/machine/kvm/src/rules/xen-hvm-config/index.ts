import type { Pipeline, Rule } from '@vmm/rule'
import type { XenConfigCase } from './case.ts'
import { xenFlagsKnown } from './flags.rule.ts'
import { xenFlagsBeforeClock } from './flags-before-clock.rule.ts'
import { xenNotBuilt } from './not-built.rule.ts'
import { xenPages } from './pages.rule.ts'

const check = (rule: Rule<XenConfigCase>) => ({ kind: 'check', rule }) as const

/** KVM_XEN_HVM_CONFIG. */
export const xenConfigPipeline: Pipeline<XenConfigCase> = {
  call: 'KVM_XEN_HVM_CONFIG',
  steps: [check(xenNotBuilt), check(xenFlagsBeforeClock), check(xenFlagsKnown), check(xenPages)],
}
