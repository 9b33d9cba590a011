import type { Rule } from '@vmm/rule'

/** KVM_SET_TSS_ADDR. */
export interface TssAddressCase {
  readonly address: bigint
}

/** A refusal of that call. */
export type TssAddressRule = Rule<TssAddressCase>
