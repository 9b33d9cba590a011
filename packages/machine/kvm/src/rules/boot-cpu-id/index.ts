import type { Pipeline } from '@vmm/rule'
import { bootCpuAfterVcpu } from './after-vcpu.rule.ts'
import type { BootCpuIdCase } from './case.ts'
import { bootCpuLimit } from './limit.rule.ts'

/** KVM_SET_BOOT_CPU_ID. */
export const bootCpuIdPipeline: Pipeline<BootCpuIdCase> = {
  call: 'KVM_SET_BOOT_CPU_ID',
  steps: [
    { kind: 'check', rule: bootCpuAfterVcpu },
    { kind: 'check', rule: bootCpuLimit },
  ],
}
