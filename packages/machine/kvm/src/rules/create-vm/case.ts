import type { Rule } from '@vmm/rule'

/** KVM_CREATE_VM. */
export interface CreateVmCase {
  readonly type: bigint
  /** Bit n: VMs of type n can be made. KVM_CAP_VM_TYPES. */
  readonly types: bigint
}

/** A refusal of that call. */
export type CreateVmRule = Rule<CreateVmCase>
