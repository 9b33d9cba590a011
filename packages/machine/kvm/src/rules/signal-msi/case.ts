import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_SIGNAL_MSI. */
export interface SignalMsiCase {
  readonly irqchip: IrqchipMode
  readonly flags: number
  readonly addressHigh: number
  /** KVM_X2APIC_API_USE_32BIT_IDS. */
  readonly longIds: boolean
  /** How many vCPUs there are to look whether they are meant. */
  readonly vcpus: number
}

/** A refusal of that call. */
export type SignalMsiRule = Rule<SignalMsiCase>

/** A message to a VM that can take it. */
export const aMessage: SignalMsiCase = { irqchip: 'split', flags: 0, addressHigh: 0, longIds: false, vcpus: 1 }
