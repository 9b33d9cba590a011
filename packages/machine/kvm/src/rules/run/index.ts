import type { Pipeline } from '@vmm/rule'
import type { RunCase } from './case.ts'
import { runSyncRegs } from './sync-regs.rule.ts'
import { runTaskPriority } from './task-priority.rule.ts'

/** KVM_RUN, before what user space has answered is finished. */
export const runPipeline: Pipeline<RunCase> = {
  call: 'KVM_RUN',
  steps: [
    { kind: 'check', rule: runSyncRegs },
    { kind: 'check', rule: runTaskPriority },
  ],
}
