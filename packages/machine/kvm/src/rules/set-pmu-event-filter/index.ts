import type { Pipeline, Rule } from '@vmm/rule'
import { filterAction } from './action.rule.ts'
import { filterAnyFlag } from './any-flag.rule.ts'
import type { EventFilterCase } from './case.ts'
import { filterEvents } from './events.rule.ts'
import { filterFlags } from './flags.rule.ts'
import { filterMasks } from './masks.rule.ts'
import { filterUnreadable } from './unreadable.rule.ts'

const check = (rule: Rule<EventFilterCase>) => ({ kind: 'check', rule }) as const

/** KVM_SET_PMU_EVENT_FILTER. */
export const eventFilterPipeline: Pipeline<EventFilterCase> = {
  call: 'KVM_SET_PMU_EVENT_FILTER',
  steps: [
    check(filterAction),
    check(filterAnyFlag),
    check(filterFlags),
    check(filterEvents),
    check(filterUnreadable),
    check(filterMasks),
  ],
}
