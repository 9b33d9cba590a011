import type { NestedState } from '../../nested-state.ts'
import type { NestedVcpu } from '../set-nested-state/call.ts'

/** KVM_SET_SREGS and KVM_SET_SREGS2, as far as nested virtualization goes. */
export interface NestedSregs {
  readonly cr0: bigint
  readonly cr4: bigint
  readonly vcpu: NestedVcpu
  readonly state: NestedState
}
