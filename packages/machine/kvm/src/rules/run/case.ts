import type { Rule } from '@vmm/rule'

/** KVM_RUN, and what of `kvm_run` and the vCPU decides whether it gets as far as the guest. */
export interface RunCase {
  /** `immediate_exit`, when the call began and now. */
  readonly beganAtOnce: boolean
  readonly atOnce: boolean
  /** KVM_MP_STATE_UNINITIALIZED: it waits for INIT. */
  readonly uninitialized: boolean
  /** While it waited, something came for it: whatever that was, it has been taken. */
  readonly woken: boolean
  readonly cr8: number
  readonly localApic: 'kernel' | 'user space'
  /** Whether there may be pages for page tables: there were no slots yet, and user space has not said so. */
  readonly pageTables: 'none' | 'some'
}

/** A refusal of KVM_RUN before the guest is entered. */
export type RunRule = Rule<RunCase>

/** A vCPU that may run. */
export const mayRun: RunCase = {
  beganAtOnce: false,
  atOnce: false,
  uninitialized: false,
  woken: false,
  cr8: 0,
  localApic: 'user space',
  pageTables: 'some',
}

/** One that waits for INIT, of which none has come when a signal does. */
export const waits: RunCase = { ...mayRun, uninitialized: true }
