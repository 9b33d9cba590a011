import type { Pipeline } from '@vmm/rule'
import { splitAfterVcpu } from './after-vcpu.rule.ts'
import type { SplitIrqchipCase } from './case.ts'
import { splitExists } from './exists.rule.ts'
import { splitPins } from './pins.rule.ts'

/** KVM_ENABLE_CAP(KVM_CAP_SPLIT_IRQCHIP). */
export const splitIrqchipPipeline: Pipeline<SplitIrqchipCase> = {
  call: 'KVM_ENABLE_CAP',
  steps: [
    { kind: 'check', rule: splitPins },
    { kind: 'check', rule: splitExists },
    { kind: 'check', rule: splitAfterVcpu },
  ],
}
