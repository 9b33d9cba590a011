import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_GET_IRQCHIP or KVM_SET_IRQCHIP. */
export interface IrqchipStateCase {
  readonly irqchip: IrqchipMode
  /** KVM_IRQCHIP_*. */
  readonly chip: number
}

/** A refusal of those calls. */
export type IrqchipStateRule = Rule<IrqchipStateCase>

/** The I/O APIC of a VM that has it in the kernel. */
export const ioApicAsked: IrqchipStateCase = { irqchip: 'full', chip: 2 }
