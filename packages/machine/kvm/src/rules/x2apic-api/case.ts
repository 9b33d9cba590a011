import type { Rule } from '@vmm/rule'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_ENABLE_CAP(KVM_CAP_X2APIC_API). */
export interface X2apicApiCase {
  readonly flags: bigint
  /** What KVM_CHECK_EXTENSION says of it. */
  readonly known: bigint
  readonly irqchip: IrqchipMode
}

/** A refusal of that call. */
export type X2apicApiRule = Rule<X2apicApiCase>

/** Long IDs, without the quirk of broadcasts. */
export const longIds: X2apicApiCase = { flags: 3n, known: 3n, irqchip: 'split' }

/** The broadcast of acknowledgements can be suppressed, or never is. */
export const broadcasts = { suppressible: 4n, never: 8n } as const

/** A release that lets user space choose about them. */
export const suppressible: X2apicApiCase = { flags: broadcasts.suppressible, known: 0xfn, irqchip: 'split' }
