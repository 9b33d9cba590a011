import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import { guestAccessFails } from './guest-access-fails.rule.ts'
import { msrExitCompleted } from './msr-exit-completed.rule.ts'
import { passedThrough } from './passed-through.rule.ts'
import { setterErrorEndsRun } from './setter-error-ends-run.rule.ts'
import { type EnableUserSpaceMsr, userSpaceMsrMask } from './user-space-msr-mask.rule.ts'

/** KVM_ENABLE_CAP of a VM with KVM_CAP_X86_USER_SPACE_MSR. */
export const enableUserSpaceMsrCall: Pipeline<EnableUserSpaceMsr> = {
  call: 'KVM_ENABLE_CAP (KVM_CAP_X86_USER_SPACE_MSR)',
  steps: [{ kind: 'check', rule: userSpaceMsrMask }],
}

/** Promises about exits that are asked for by themselves. */
export const exitEntries: readonly Entry[] = [
  behaviourEntry('KVM_RUN', passedThrough),
  behaviourEntry('KVM_RUN', guestAccessFails),
  behaviourEntry('KVM_RUN', setterErrorEndsRun),
  behaviourEntry('KVM_RUN', msrExitCompleted),
]
