import type { Rule } from '@vmm/rule'

/** KVM_GET_DEVICE_ATTR and KVM_HAS_DEVICE_ATTR on /dev/kvm. */
export interface SystemAttributeCase {
  readonly group: number
  readonly attribute: bigint
  /** The value can be put where user space wants it. */
  readonly writable: boolean
}

/** A refusal of that call. */
export type SystemAttributeRule = Rule<SystemAttributeCase>

/** The XSAVE components that a guest could have. */
export const guestComponents: SystemAttributeCase = { group: 0, attribute: 0n, writable: true }
