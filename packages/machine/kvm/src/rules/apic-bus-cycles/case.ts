import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_ENABLE_CAP(KVM_CAP_X86_APIC_BUS_CYCLES_NS). */
export interface ApicBusCyclesCase {
  readonly nanoseconds: bigint
  readonly irqchip: IrqchipMode
  readonly vcpus: number
}

/** A refusal of that call. */
export type ApicBusCyclesRule = Rule<ApicBusCyclesCase>

/** A bus of 40 MHz. */
export const fortyMegahertz: ApicBusCyclesCase = { nanoseconds: 25n, irqchip: 'split', vcpus: 0 }
