import type { Rule } from '@vmm/rule'

/** KVM_CREATE_GUEST_MEMFD. */
export interface GuestMemfdCase {
  readonly size: bigint
  /** GUEST_MEMFD_FLAG_*. */
  readonly flags: bigint
  /** Flags that the kernel knows; undefined: it was built without guest_memfd. */
  readonly known: bigint | undefined
}

/** A refusal of that call. */
export type GuestMemfdRule = Rule<GuestMemfdCase>

/** A page. */
export const onePageMemfd: GuestMemfdCase = { size: 0x1000n, flags: 0n, known: 0n }
