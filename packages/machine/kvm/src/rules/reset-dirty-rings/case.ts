import type { Rule } from '@vmm/rule'

/** KVM_RESET_DIRTY_RINGS. */
export interface ResetRingsCase {
  /** How long each ring is; 0 where there is none. */
  readonly ringBytes: number
}

/** A refusal of that call. */
export type ResetRingsRule = Rule<ResetRingsCase>
