import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_IRQ_LINE_STATUS or KVM_IRQ_LINE. */
export interface IrqLineCase {
  readonly irqchip: IrqchipMode
}

/** A refusal of those calls. */
export type IrqLineRule = Rule<IrqLineCase>
