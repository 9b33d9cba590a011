import type { Pipeline } from '@vmm/rule'
import type { TssAddressCase } from './case.ts'
import { tssTooHigh } from './too-high.rule.ts'

/** KVM_SET_TSS_ADDR. */
export const tssAddressPipeline: Pipeline<TssAddressCase> = {
  call: 'KVM_SET_TSS_ADDR',
  steps: [{ kind: 'check', rule: tssTooHigh }],
}
