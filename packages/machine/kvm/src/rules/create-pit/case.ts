import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_CREATE_PIT2 or KVM_CREATE_PIT. */
export interface CreatePitCase {
  readonly irqchip: IrqchipMode
  readonly pit: 'present' | 'absent'
}

/** A refusal of those calls. */
export type CreatePitRule = Rule<CreatePitCase>

/** A VM with all interrupt controllers and no timer. */
export const withoutPit: CreatePitCase = { irqchip: 'full', pit: 'absent' }
