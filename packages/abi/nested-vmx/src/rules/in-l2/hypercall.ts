import type { NestedFormat } from '../../nested-state.ts'

/** VMCALL or VMMCALL in L2. */
export interface L2Hypercall {
  readonly format: NestedFormat
  /** SVM: L1 intercepts VMMCALL. */
  readonly intercepted: boolean
  /** A flush of translations that Hyper-V in L1 lets KVM serve: an enlightened VMCS or VMCB, and partition assist. */
  readonly directFlush: boolean
}
