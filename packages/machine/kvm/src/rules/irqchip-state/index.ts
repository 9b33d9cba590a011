import type { Pipeline } from '@vmm/rule'
import { irqchipAbsent } from './absent.rule.ts'
import type { IrqchipStateCase } from './case.ts'
import { irqchipNumber } from './chip.rule.ts'

/** KVM_GET_IRQCHIP. KVM_SET_IRQCHIP has the same steps. */
export const getIrqchipPipeline: Pipeline<IrqchipStateCase> = {
  call: 'KVM_GET_IRQCHIP',
  steps: [
    { kind: 'check', rule: irqchipAbsent },
    { kind: 'check', rule: irqchipNumber },
  ],
}
