import type { Pipeline } from '@vmm/rule'
import type { ExitHypercallCase } from './case.ts'
import { exitMask } from './exit-mask.rule.ts'
import { exitReplace } from './exit-replace.behaviour.ts'

/** KVM_ENABLE_CAP(KVM_CAP_EXIT_HYPERCALL) on a VM, after the checks that all capabilities share. */
export const exitHypercallPipeline: Pipeline<ExitHypercallCase> = {
  call: 'KVM_ENABLE_CAP(KVM_CAP_EXIT_HYPERCALL)',
  steps: [
    { kind: 'check', rule: exitMask },
    { kind: 'act', behaviour: exitReplace },
  ],
}
