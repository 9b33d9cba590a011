import { emptyNestedState, enteredVmx, type NestedState } from '../../nested-state.ts'
import type { GetNestedState } from './call.ts'

const inVmx = enteredVmx(emptyNestedState('vmx'), 0x1000n)

/** L2 with VMX. */
export const inL2: NestedState = { ...inVmx, vmcs12Address: 0x2000n, guestMode: true }

/** L2 with SVM. */
export const inSvmL2: NestedState = { ...emptyNestedState('svm'), vmcbAddress: 0x3000n, guestMode: true }

/** KVM_GET_NESTED_STATE, of a guest that is no hypervisor. */
export function aGet(changes: Partial<GetNestedState> = {}): GetNestedState {
  return {
    supported: true,
    readable: true,
    size: 0x2080,
    writable: 0x2080,
    state: emptyNestedState('vmx'),
    hasVmx: true,
    needed: 0,
    written: 0,
    toldSize: undefined,
    ...changes,
  }
}
