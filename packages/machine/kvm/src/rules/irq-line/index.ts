import type { Pipeline } from '@vmm/rule'
import type { IrqLineCase } from './case.ts'
import { irqLineWithoutIrqchip } from './without-irqchip.rule.ts'

/** KVM_IRQ_LINE_STATUS, and KVM_IRQ_LINE. */
export const irqLinePipeline: Pipeline<IrqLineCase> = {
  call: 'KVM_IRQ_LINE_STATUS',
  steps: [{ kind: 'check', rule: irqLineWithoutIrqchip }],
}
