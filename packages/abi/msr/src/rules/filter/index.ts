import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import type { SetFilterCall } from './filter.ts'
import { filterArgumentFault } from './filter-argument-fault.rule.ts'
import { filterBitmapFault } from './filter-bitmap-fault.rule.ts'
import { filterDecides } from './filter-decides.rule.ts'
import { filterEmptyDeny } from './filter-empty-deny.rule.ts'
import { filterFlags } from './filter-flags.rule.ts'
import { filterKept } from './filter-kept.rule.ts'
import { filterOnNestedLists } from './filter-on-nested-lists.rule.ts'
import { filterRange } from './filter-range.rule.ts'

/** KVM_X86_SET_MSR_FILTER. */
export const setMsrFilterCall: Pipeline<SetFilterCall> = {
  call: 'KVM_X86_SET_MSR_FILTER',
  steps: [
    { kind: 'check', rule: filterArgumentFault },
    { kind: 'check', rule: filterFlags },
    { kind: 'check', rule: filterEmptyDeny },
    { kind: 'check', rule: filterRange },
    { kind: 'check', rule: filterBitmapFault },
  ],
}

/** Promises about filters that are asked for by themselves. */
export const filterEntries: readonly Entry[] = [
  behaviourEntry('KVM_X86_SET_MSR_FILTER', filterKept),
  behaviourEntry('KVM_X86_SET_MSR_FILTER', filterDecides),
  behaviourEntry('KVM_X86_SET_MSR_FILTER', filterOnNestedLists),
]
