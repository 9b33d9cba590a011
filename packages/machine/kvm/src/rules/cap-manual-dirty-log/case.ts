import type { Rule } from '@vmm/rule'

/** KVM_ENABLE_CAP of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2. */
export interface ManualDirtyLogCase {
  /** KVM_DIRTY_LOG_*. */
  readonly options: bigint
}

/** A refusal of that. */
export type ManualDirtyLogRule = Rule<ManualDirtyLogCase>

/** KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE. */
export const manualProtect = 1n
/** KVM_DIRTY_LOG_INITIALLY_SET. */
export const initiallySet = 2n
