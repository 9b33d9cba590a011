import type { Pipeline } from '@vmm/rule'
import { runAtOnce } from './at-once.rule.ts'
import { runBeganAtOnce } from './began-at-once.rule.ts'
import type { RunCase } from './case.ts'
import { runPageTables } from './page-tables.rule.ts'
import { runTaskPriority } from './task-priority.rule.ts'
import { runUninitializedAtOnce } from './uninitialized-at-once.rule.ts'
import { runUninitializedSignal } from './uninitialized-signal.rule.ts'
import { runUninitializedWoken } from './uninitialized-woken.rule.ts'

/** KVM_RUN, before registers are taken from `kvm_run`. */
export const runBeginPipeline: Pipeline<RunCase> = {
  call: 'KVM_RUN',
  steps: [
    { kind: 'check', rule: runUninitializedAtOnce },
    { kind: 'check', rule: runUninitializedWoken },
    { kind: 'check', rule: runUninitializedSignal },
  ],
}

/** KVM_RUN, behind that and before what user space has answered is finished. */
export const runPriorityPipeline: Pipeline<RunCase> = {
  call: 'KVM_RUN',
  steps: [{ kind: 'check', rule: runTaskPriority }],
}

/** KVM_RUN, once that is finished and before the guest is entered. */
export const runGatePipeline: Pipeline<RunCase> = {
  call: 'KVM_RUN',
  steps: [
    { kind: 'check', rule: runAtOnce },
    { kind: 'check', rule: runBeganAtOnce },
    { kind: 'check', rule: runPageTables },
  ],
}
