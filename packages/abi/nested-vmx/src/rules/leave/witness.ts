import { emptyNestedState, enteredVmx, type NestedState } from '../../nested-state.ts'

/** L2 with VMX. */
export const vmxL2: NestedState = {
  ...enteredVmx(emptyNestedState('vmx'), 0x1000n),
  vmcs12Address: 0x2000n,
  guestMode: true,
}

/** L2 with SVM, interrupts held back. */
export const svmL2: NestedState = { ...emptyNestedState('svm'), vmcbAddress: 0x3000n, guestMode: true, gif: false }
