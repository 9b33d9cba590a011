/** The registers that a hypercall of any interface may look at: 64 bits each, whatever the mode. */
export interface HypercallRegisters {
  readonly rax: bigint
  readonly rbx: bigint
  readonly rcx: bigint
  readonly rdx: bigint
  readonly rsi: bigint
  readonly rdi: bigint
  readonly rbp: bigint
  readonly r8: bigint
  readonly r9: bigint
  readonly r10: bigint
}

/** How the guest ran when it made the call. */
export interface HypercallMode {
  /** 64 in 64-bit mode; else numbers, arguments and results have 32 bits. */
  readonly width: 64 | 32
  readonly cpl: number
}
