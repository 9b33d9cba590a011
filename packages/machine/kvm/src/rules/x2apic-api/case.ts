import type { Rule } from '@vmm/rule'

/** KVM_ENABLE_CAP(KVM_CAP_X2APIC_API). */
export interface X2apicApiCase {
  readonly flags: bigint
  /** What KVM_CHECK_EXTENSION says of it. */
  readonly known: bigint
}

/** A refusal of that call. */
export type X2apicApiRule = Rule<X2apicApiCase>

/** Long IDs, without the quirk of broadcasts. */
export const longIds: X2apicApiCase = { flags: 3n, known: 3n }
