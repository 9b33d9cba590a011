import type { Pipeline } from '@vmm/rule'
import type { EnableEvmcs } from './call.ts'
import { evmcsEnabled } from './evmcs-enabled.rule.ts'
import { evmcsNotOfVendor } from './evmcs-not-of-vendor.rule.ts'
import { evmcsVersionFault } from './evmcs-version-fault.rule.ts'

/** KVM_ENABLE_CAP of KVM_CAP_HYPERV_ENLIGHTENED_VMCS on a vCPU. */
export const enableEvmcsPipeline: Pipeline<EnableEvmcs> = {
  call: 'KVM_ENABLE_CAP (KVM_CAP_HYPERV_ENLIGHTENED_VMCS)',
  steps: [
    { kind: 'check', rule: evmcsNotOfVendor },
    { kind: 'act', behaviour: evmcsEnabled },
    { kind: 'check', rule: evmcsVersionFault },
  ],
}
