/** What to do about a hypercall of KVM's own interface. `value` is what RAX gets, already of the call's width. */
export type HypercallVerdict =
  | { readonly kind: 'return'; readonly value: bigint }
  /** KVM_EXIT_HYPERCALL: user space answers, `returnValue` makes RAX of it. RIP moves on when it has answered. */
  | {
      readonly kind: 'exit'
      readonly exit: 'hypercall'
      readonly number: number
      readonly arguments: readonly bigint[]
      readonly width: 64 | 32
    }
  /** Wake this vCPU if it is halted, and yield to it; no such vCPU is no error. */
  | { readonly kind: 'kick-cpu'; readonly apicId: number; readonly value: bigint }
  /** Yield to this vCPU; no such vCPU is no error. */
  | { readonly kind: 'yield'; readonly apicId: number; readonly value: bigint }
  /** Deliver an IPI to each that exists; RAX is `returnValue` of how many took it. */
  | {
      readonly kind: 'send-ipi'
      readonly apicIds: readonly number[]
      readonly vector: number
      /** ICR bits 10:8. */
      readonly deliveryMode: number
      readonly level: 'assert' | 'deassert'
      readonly trigger: 'edge' | 'level'
    }
  /** Write a `kvm_clock_pairing` there; RAX is 0, or `returnValue` of -KVM_EFAULT where that is no memory. */
  | { readonly kind: 'clock-pairing'; readonly address: bigint }
