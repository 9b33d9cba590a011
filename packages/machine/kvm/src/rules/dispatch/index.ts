import type { Pipeline } from '@vmm/rule'
import type { DispatchCase } from './case.ts'
import { foreignRequest } from './foreign-request.rule.ts'
import { stranger } from './stranger.rule.ts'
import { tracingGone } from './tracing-gone.rule.ts'
import { unknownOnVm } from './unknown-on-vm.rule.ts'
import { unknownRequest } from './unknown-request.rule.ts'
import { vcpuRuns } from './vcpu-runs.rule.ts'
import { vmDead } from './vm-dead.rule.ts'
import { zeroArgument } from './zero-argument.rule.ts'

/** What every call goes through before its own rules. */
export const dispatchPipeline: Pipeline<DispatchCase> = {
  call: 'ioctl',
  steps: [
    { kind: 'check', rule: stranger },
    { kind: 'check', rule: vmDead },
    { kind: 'check', rule: foreignRequest },
    { kind: 'check', rule: vcpuRuns },
    { kind: 'check', rule: unknownOnVm },
    { kind: 'check', rule: tracingGone },
    { kind: 'check', rule: unknownRequest },
    { kind: 'check', rule: zeroArgument },
  ],
}
