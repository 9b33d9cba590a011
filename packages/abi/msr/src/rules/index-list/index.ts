import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import type { IndexListCall } from './call.ts'
import { indexListCountFault } from './index-list-count-fault.rule.ts'
import { indexListCounted } from './index-list-counted.rule.ts'
import { indexListFault } from './index-list-fault.rule.ts'
import { indexListHeaderFault } from './index-list-header-fault.rule.ts'
import { indexListTooShort } from './index-list-too-short.rule.ts'
import { indexListWritten } from './index-list-written.rule.ts'
import { listOrder } from './list-order.rule.ts'

/** KVM_GET_MSR_INDEX_LIST, and KVM_GET_MSR_FEATURE_INDEX_LIST with the other list. */
export const indexListCall: Pipeline<IndexListCall> = {
  call: 'KVM_GET_MSR_INDEX_LIST',
  steps: [
    { kind: 'check', rule: indexListHeaderFault },
    { kind: 'check', rule: indexListCountFault },
    { kind: 'act', behaviour: indexListCounted },
    { kind: 'check', rule: indexListTooShort },
    { kind: 'check', rule: indexListFault },
    { kind: 'act', behaviour: indexListWritten },
  ],
}

/** Promises about lists that are asked for by themselves. */
export const indexListEntries: readonly Entry[] = [behaviourEntry('KVM_GET_MSR_INDEX_LIST', listOrder)]
