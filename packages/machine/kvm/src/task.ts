import type { KvmFile } from './door/kvm-file.ts'
import type { EventFd } from './event-fd.ts'
import type { GuestMemfd } from './memory/guest-memfd.ts'
import type { UserMemory } from './user-memory.ts'

/** Signals of a thread: bit n − 1 is signal n. */
export interface TaskSignals {
  /** Those that wait to be taken. Whoever runs a vCPU in this thread is told of new ones when it asks again. */
  readonly pending: () => bigint
  /** Those that are blocked, where KVM_SET_SIGNAL_MASK has not said which are. */
  readonly blocked: () => bigint
}

/** Who calls: a thread of a process. */
export interface Task {
  readonly memory: UserMemory
  /** The identity of its address space: a VM answers only who shares its maker's. */
  readonly mm: object
  /** Dynamic XCR0 bits that the process has asked to be able to give guests: ARCH_REQ_XCOMP_GUEST_PERM. */
  readonly permitted?: bigint
  /** Left out, no signals come. */
  readonly signals?: TaskSignals
  /** Gives a file that a call has made a number; left out, that is left to who made the call. */
  readonly install?: (file: KvmFile) => number
  /** It may reboot the machine: CAP_SYS_BOOT. Default: it may. */
  readonly mayReboot?: boolean
  /** What a number of the process's stands for; left out, none is open but KVM's own. */
  readonly fileAt?: (fd: number) => EventFd | GuestMemfd | 'other' | 'closed'
}
