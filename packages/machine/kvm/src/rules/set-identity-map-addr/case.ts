import type { Rule } from '@vmm/rule'

/** KVM_SET_IDENTITY_MAP_ADDR. */
export interface IdentityMapCase {
  readonly vcpus: number
}

/** A refusal of that call. */
export type IdentityMapRule = Rule<IdentityMapCase>
