import type { Pipeline } from '@vmm/rule'
import { identityAfterVcpu } from './after-vcpu.rule.ts'
import type { IdentityMapCase } from './case.ts'

/** KVM_SET_IDENTITY_MAP_ADDR. */
export const identityMapPipeline: Pipeline<IdentityMapCase> = {
  call: 'KVM_SET_IDENTITY_MAP_ADDR',
  steps: [{ kind: 'check', rule: identityAfterVcpu }],
}
