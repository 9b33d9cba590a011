import type { Rule } from '@vmm/rule'

/** KVM_RUN, and what of `kvm_run` and the vCPU decides whether it gets as far as the guest. */
export interface RunCase {
  readonly immediateExit: boolean
  /** KVM_SYNC_X86_* that user space asks for, and has changed. */
  readonly validRegs: bigint
  readonly dirtyRegs: bigint
  readonly cr8: bigint
  readonly localApic: 'kernel' | 'user space'
}

/** A refusal of KVM_RUN before the guest is entered. */
export type RunRule = Rule<RunCase>

/** KVM_CAP_SYNC_REGS: KVM_SYNC_X86_REGS, _SREGS and _EVENTS. */
export const syncRegs = 7n

/** A vCPU that may run. */
export const mayRun: RunCase = { immediateExit: false, validRegs: 0n, dirtyRegs: 0n, cr8: 0n, localApic: 'user space' }
