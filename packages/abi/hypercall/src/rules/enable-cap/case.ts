import type { Rule } from '@vmm/rule'
import { numberOf } from '../../hypercall.ts'

/** The hypercalls that may exit: bit n is hypercall n. KVM_CHECK_EXTENSION(KVM_CAP_EXIT_HYPERCALL) answers it. */
export const exitHypercallMask = 1n << BigInt(numberOf('KVM_HC_MAP_GPA_RANGE'))

/** KVM_ENABLE_CAP(KVM_CAP_EXIT_HYPERCALL) on a VM: what it asks for, and what the VM has. */
export interface ExitHypercallCase {
  /** `args[0]` of the call. */
  readonly asked: bigint
  /** The mask of the VM. */
  readonly exits: bigint
}

/** A refusal of that call. */
export type ExitHypercallRule = Rule<ExitHypercallCase>
