import type { Pipeline } from '@vmm/rule'
import { irqchipAbsent } from './absent.rule.ts'
import type { IrqchipStateCase } from './case.ts'
import { irqchipNumber } from './chip.rule.ts'

/** KVM_GET_IRQCHIP. */
export const getIrqchipPipeline: Pipeline<IrqchipStateCase> = {
  call: 'KVM_GET_IRQCHIP',
  steps: [
    { kind: 'check', rule: irqchipAbsent },
    { kind: 'check', rule: irqchipNumber },
  ],
}

/** KVM_SET_IRQCHIP. */
export const setIrqchipPipeline: Pipeline<IrqchipStateCase> = { ...getIrqchipPipeline, call: 'KVM_SET_IRQCHIP' }
