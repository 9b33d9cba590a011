import type { XenCall } from '../../xen.ts'

/** What of Xen's calls KVM may answer itself. */
export interface XenContext {
  /** KVM_XEN_ATTR_TYPE_XEN_VERSION: 0 until user space has set one. */
  readonly version: number
  /** KVM_XEN_HVM_CONFIG_EVTCHN_SEND: whether ports are KVM's. */
  readonly eventChannels: 'kernel' | 'user-space'
  /** Whether the local APIC is the kernel's. */
  readonly localApic: 'kernel' | 'user-space'
  /** Whether user space has given the vCPU a timer's port. */
  readonly timer: 'kernel' | 'user-space'
  /** The vCPU's number as Xen counts: KVM_XEN_VCPU_ATTR_TYPE_VCPU_ID. */
  readonly vcpuId: number
}

/**
 * What to do about a call of Xen's. A `result` goes to RAX, and RIP moves on. What KVM may turn out not to be able to do
 * (a port that it does not know) is user space's after all.
 */
export type XenVerdict =
  | { readonly kind: 'return'; readonly result: bigint }
  /** KVM_EXIT_XEN of type HCALL, with the call as it is. */
  | { readonly kind: 'exit'; readonly exit: 'xen' }
  /** A `struct evtchn_send` is at this guest virtual address. */
  | { readonly kind: 'send-event'; readonly address: bigint }
  /** A `struct sched_poll` is at this guest virtual address: wait for one of its ports. */
  | { readonly kind: 'poll'; readonly address: bigint }
  /** Let another vCPU run; then 0. */
  | { readonly kind: 'yield'; readonly result: bigint }
  /** A `struct vcpu_set_singleshot_timer` is at this guest virtual address. */
  | { readonly kind: 'set-singleshot-timer'; readonly address: bigint }
  | { readonly kind: 'stop-timer'; readonly result: bigint }
  /** Nanoseconds of the guest's time. */
  | { readonly kind: 'set-timer'; readonly deadline: bigint; readonly result: bigint }

/** A call and what it is judged by. */
export interface XenCase {
  readonly call: XenCall
  readonly context: XenContext
}
