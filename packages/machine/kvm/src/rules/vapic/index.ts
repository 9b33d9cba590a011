import type { Pipeline } from '@vmm/rule'
import { type VapicCase, vapicWithoutApic } from './without-apic.rule.ts'

/** KVM_SET_VAPIC_ADDR, before its argument is read. */
export const vapicPipeline: Pipeline<VapicCase> = {
  call: 'KVM_SET_VAPIC_ADDR',
  steps: [{ kind: 'check', rule: vapicWithoutApic }],
}
