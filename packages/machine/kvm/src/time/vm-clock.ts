import type { Clock, Nanoseconds } from '@vmm/device'

/**
 * The time of a VM, which its timers in the kernel go by: whole nanoseconds since the VM was made. A port: time that
 * follows from what the guest has done makes two runs alike.
 */
export interface VmClock extends Clock {
  /** Nanoseconds that an instruction takes, where nothing else moves the clock on while a vCPU runs. Left out, something else may. */
  readonly perInstruction?: Nanoseconds
  /**
   * No vCPU has anything to do before `deadline`, which may be `Infinity`. Gives whether it has come now; if not, KVM_RUN
   * comes back with EINTR, and to wait is for user space.
   */
  wait(deadline: Nanoseconds): boolean
  /**
   * Nanoseconds for which whoever calls KVM_RUN has been ready and had no processor, since it began. Left out, nothing is stolen
   * from guests.
   */
  waitedForProcessor?(): Nanoseconds
}

/** What makes a VM's clock. */
export type CreateVmClock = (retired: () => number) => VmClock

/** A clock that instructions move on, a nanosecond each, and that nobody has to wait for: idle time takes none. */
export function createInstructionClock(retired: () => number): VmClock {
  let idle = 0
  return {
    perInstruction: 1,
    now: () => retired() + idle,
    wait: (deadline) => {
      if (deadline === Number.POSITIVE_INFINITY) return false
      idle += Math.max(0, Math.ceil(deadline - retired() - idle))
      return true
    },
  }
}
