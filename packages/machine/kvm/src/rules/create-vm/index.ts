import type { Pipeline } from '@vmm/rule'
import type { CreateVmCase } from './case.ts'
import { createVmType } from './type.rule.ts'

/** KVM_CREATE_VM. */
export const createVmPipeline: Pipeline<CreateVmCase> = {
  call: 'KVM_CREATE_VM',
  steps: [{ kind: 'check', rule: createVmType }],
}
