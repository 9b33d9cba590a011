import type { Refusal } from '@vmm/rule'
/** One exception on the way to a shutdown, for people. */
export interface Fatality {
  readonly vector: number
  readonly errorCode: number | undefined
  readonly rip: bigint
}

/** What KVM_EXIT_INTERNAL_ERROR says went wrong, by the kernel's number. */
export const internalErrors = { emulation: 1, simultaneousExceptions: 2, deliveryOfEvent: 3 } as const
/** The name of one of them. */
export type InternalError = keyof typeof internalErrors

/** A port access that nobody on this side claims. For `in`, `complete` gives the bytes; `count` values of `size` bytes each. */
export interface IoExit {
  readonly kind: 'io'
  readonly direction: 'in' | 'out'
  readonly port: number
  readonly size: 1 | 2 | 4
  readonly count: number
  readonly data: Uint8Array
}

/** An access to guest-physical memory that is not there. For `read`, `complete` gives the bytes. */
export interface MmioExit {
  readonly kind: 'mmio'
  readonly direction: 'read' | 'write'
  readonly address: number
  /** One to eight bytes, on whatever boundary; they do not cross a page. */
  readonly size: number
  readonly data: Uint8Array
}

/** A hypercall that user space answers, with `completeHypercall`. */
export interface HypercallExit {
  readonly kind: 'hypercall'
  readonly number: number
  readonly arguments: readonly bigint[]
  readonly width: 64 | 32
}

/** RDMSR or WRMSR that user space answers, with `completeMsr`. The names are the kernel's, less KVM_EXIT_. */
export interface MsrExit {
  readonly kind: 'x86-rdmsr' | 'x86-wrmsr'
  /** Why it did not succeed by itself: KVM_MSR_EXIT_REASON_*. */
  readonly reason: number
  readonly index: number
  /** What is written; 0 for a read. */
  readonly data: bigint
}

/** An instruction at which KVM_RUN itself fails; the next one tries it again. */
export interface FailedRun {
  readonly kind: 'failed'
  readonly errno: 'EINVAL' | 'EBUSY'
  readonly says: string
}

/** What the VMM's own debugging stopped at. `pc` is a linear address. */
export interface DebugExit {
  readonly kind: 'debug'
  /** 1: a step or a hardware breakpoint, DR6 says which. 3: INT3. */
  readonly exception: number
  readonly pc: bigint
  /** Of an INT3 nothing is told of them. */
  readonly dr6?: bigint
  readonly dr7?: bigint
}

/**
 * Guest memory that cannot be reached: KVM_RUN fails with EFAULT, and where it is `told`, with KVM_EXIT_MEMORY_FAULT. The
 * instruction has not happened, and is tried again.
 */
export interface MemoryFaultExit {
  readonly kind: 'memory-fault'
  readonly address: bigint
  readonly bytes: bigint
  /** KVM_MEMORY_EXIT_FLAG_*. */
  readonly flags: bigint
  readonly told: boolean
}

/** An instruction that KVM would have to emulate, and cannot. */
export interface FailedEmulation {
  /** The access that came to KVM: a physical address, where no memory is, or none that can be written. */
  readonly address: number
  readonly access: 'read' | 'write' | 'fetch'
  /** Its bytes with those behind them, as far as they were read: none where it could not be fetched. */
  readonly code: Uint8Array
}

/** Why `run` came back. The names are the kernel's, less KVM_EXIT_. */
export type VcpuExit =
  /** The slice is over, or someone asked to come back. */
  | { readonly kind: 'intr' }
  /** HLT, or waiting for a startup signal, with nothing to take. */
  | { readonly kind: 'hlt' }
  | IoExit
  | MmioExit
  | HypercallExit
  | MsrExit
  | FailedRun
  | DebugExit
  | MemoryFaultExit
  /** So many pages were written that user space must collect them first. */
  | { readonly kind: 'dirty-ring-full' }
  /** The interrupt of that vector has ended, and an I/O APIC in user space waits for that. */
  | { readonly kind: 'ioapic-eoi'; readonly vector: number }
  /** CR8 was lowered, and the local APIC is user space's: an interrupt may be let through now. */
  | { readonly kind: 'set-tpr' }
  /** An interrupt that was asked for could now be queued. */
  | { readonly kind: 'irq-window-open' }
  /** An SMI came, and there is no memory to save the processor to: the VM is good for nothing. */
  | { readonly kind: 'vm-dead'; readonly why: Refusal }
  /** The host's processor would not enter the guest as it is, and says why. Nothing has changed: it says so again. */
  | { readonly kind: 'fail-entry'; readonly reason: bigint }
  /** The guest has told of itself that it crashed, or wants to be reset: KVM_SYSTEM_EVENT_*. */
  | { readonly kind: 'system-event'; readonly type: number }
  /** Triple fault: the exceptions that led there, oldest first. */
  | { readonly kind: 'shutdown'; readonly because: readonly Fatality[] }
  | {
      readonly kind: 'internal-error'
      readonly suberror: number
      readonly data: readonly bigint[]
      readonly failed?: FailedEmulation
      readonly says: string
    }
