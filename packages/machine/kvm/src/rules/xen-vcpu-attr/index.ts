import type { Pipeline } from '@vmm/rule'
import { type XenVcpuAttrCase, xenVcpuNotBuilt } from './not-built.rule.ts'

/** KVM_XEN_VCPU_SET_ATTR, before its argument is read. */
export const xenVcpuAttrPipeline: Pipeline<XenVcpuAttrCase> = {
  call: 'KVM_XEN_VCPU_SET_ATTR',
  steps: [{ kind: 'check', rule: xenVcpuNotBuilt }],
}
