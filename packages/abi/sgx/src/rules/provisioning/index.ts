import type { Pipeline } from '@vmm/rule'
import { provisioningAllowed } from './provisioning-allowed.behaviour.ts'
import { type ProvisioningCall, provisioningFile } from './provisioning-file.rule.ts'

/** KVM_ENABLE_CAP of KVM_CAP_SGX_ATTRIBUTE, in the kernel's order. */
export const provisioningPipeline: Pipeline<ProvisioningCall> = {
  call: 'KVM_ENABLE_CAP(KVM_CAP_SGX_ATTRIBUTE)',
  steps: [
    { kind: 'check', rule: provisioningFile },
    { kind: 'act', behaviour: provisioningAllowed },
  ],
}
