import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import type { BulkCall } from './call.ts'
import { failedEntryReads } from './failed-entry-reads.rule.ts'
import { msrsEntriesFault } from './msrs-entries-fault.rule.ts'
import { msrsHeaderFault } from './msrs-header-fault.rule.ts'
import { msrsTooMany } from './msrs-too-many.rule.ts'
import { msrsUntilFirstFailure } from './msrs-until-first-failure.rule.ts'
import { msrsWriteBackFault } from './msrs-write-back-fault.rule.ts'

const intake = [
  { kind: 'check', rule: msrsHeaderFault },
  { kind: 'check', rule: msrsTooMany },
  { kind: 'check', rule: msrsEntriesFault },
  { kind: 'act', behaviour: msrsUntilFirstFailure },
] as const

/** KVM_SET_MSRS of a vCPU, around what each entry comes to. */
export const setMsrsCall: Pipeline<BulkCall> = { call: 'KVM_SET_MSRS', steps: intake }

/** KVM_GET_MSRS of a vCPU or of /dev/kvm, around what each entry comes to. */
export const getMsrsCall: Pipeline<BulkCall> = {
  call: 'KVM_GET_MSRS',
  steps: [...intake, { kind: 'check', rule: msrsWriteBackFault }],
}

/** Promises about many MSRs at once that are asked for by themselves. */
export const bulkEntries: readonly Entry[] = [behaviourEntry('KVM_GET_MSRS', failedEntryReads)]
