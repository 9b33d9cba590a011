import type { Rule } from '@vmm/rule'

/** The interrupt controllers that a VM has in the kernel: none, local APICs alone, or all of a PC. */
export type IrqchipMode = 'none' | 'split' | 'full'

/** KVM_CREATE_IRQCHIP. */
export interface CreateIrqchipCase {
  readonly irqchip: IrqchipMode
  /** How many vCPUs there are. */
  readonly vcpus: number
}

/** A refusal of that call. */
export type CreateIrqchipRule = Rule<CreateIrqchipCase>

/** A VM that has nothing yet. */
export const newVm: CreateIrqchipCase = { irqchip: 'none', vcpus: 0 }
