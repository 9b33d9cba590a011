import type { Pipeline } from '@vmm/rule'
import type { CreateVcpuCase } from './case.ts'
import { countLimit } from './count-limit.rule.ts'
import { idCut } from './id-cut.rule.ts'
import { idLimit } from './id-limit.rule.ts'
import { idOfVm } from './id-of-vm.rule.ts'
import { idTaken } from './id-taken.rule.ts'

/** KVM_CREATE_VCPU. */
export const createVcpuPipeline: Pipeline<CreateVcpuCase> = {
  call: 'KVM_CREATE_VCPU',
  steps: [
    { kind: 'act', behaviour: idCut },
    { kind: 'check', rule: idLimit },
    { kind: 'check', rule: countLimit },
    { kind: 'check', rule: idOfVm },
    { kind: 'check', rule: idTaken },
  ],
}
