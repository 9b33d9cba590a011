import type { Rule } from '@vmm/rule'
import type { CreateIrqchipCase } from '../create-irqchip/case.ts'

/** KVM_ENABLE_CAP(KVM_CAP_SPLIT_IRQCHIP). */
export interface SplitIrqchipCase extends CreateIrqchipCase {
  /** How many GSIs are inputs of user space's I/O APIC. */
  readonly pins: bigint
}

/** A refusal of that call. */
export type SplitIrqchipRule = Rule<SplitIrqchipCase>

/** As user space that has an I/O APIC of its own asks for it. */
export const twentyFourPins: SplitIrqchipCase = { irqchip: 'none', vcpus: 0, pins: 24n }
