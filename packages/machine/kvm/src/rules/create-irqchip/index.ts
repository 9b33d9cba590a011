import type { Pipeline } from '@vmm/rule'
import { irqchipAfterVcpu } from './after-vcpu.rule.ts'
import type { CreateIrqchipCase } from './case.ts'
import { irqchipExists } from './exists.rule.ts'

/** KVM_CREATE_IRQCHIP. */
export const createIrqchipPipeline: Pipeline<CreateIrqchipCase> = {
  call: 'KVM_CREATE_IRQCHIP',
  steps: [
    { kind: 'check', rule: irqchipExists },
    { kind: 'check', rule: irqchipAfterVcpu },
  ],
}
