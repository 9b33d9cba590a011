import type { NestedState } from '../../nested-state.ts'

/** KVM_SET_VCPU_EVENTS, as far as SMM goes. */
export interface SmmSet {
  readonly state: NestedState
  readonly wasInSmm: boolean
  readonly inSmm: boolean
}

/** EFER written by user space: KVM_SET_SREGS, KVM_SET_MSRS. */
export interface EferSet {
  readonly state: NestedState
  readonly before: bigint
  readonly after: bigint
}
