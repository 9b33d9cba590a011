import type { exitNumbers } from '@vmm/nested-vmx'

/** Why a guest was left: a basic exit reason of VMX, by the kernel's name. */
export type ExitReason = keyof typeof exitNumbers

/** Who is left, and who goes on: the guest is L1, a guest of its own L2, and KVM L0. */
export type ExitLevels = 'L1 to L0' | 'L2 to L0' | 'L2 to L1'

/** Whose instructions run in a guest. */
export type GuestLevel = 'L1' | 'L2'

/**
 * What a vCPU can tell about itself as it runs, for whoever asks: the fields of the kernel's tracepoints of the same names, and
 * the level that is entered or left.
 */
export type TraceEvent =
  | { readonly kind: 'kvm_entry'; readonly level: GuestLevel; readonly rip: bigint }
  | {
      readonly kind: 'kvm_exit'
      /** Who is left for L0. */
      readonly level: GuestLevel
      readonly reason: ExitReason
      readonly rip: bigint
      /** The exit qualification. */
      readonly info: bigint
      /** The VM-exit interruption information; 0 when no exception was the reason. */
      readonly interruption: number
      readonly errorCode: number
    }
  /** L2 is left for L1, which is told this. */
  | {
      readonly kind: 'kvm_nested_vmexit_inject'
      readonly reason: ExitReason
      /** The exit qualification. */
      readonly info: bigint
      /** The event whose delivery was under way, the one that is the reason, and its error code. */
      readonly vectoring: number
      readonly interruption: number
      readonly errorCode: number
    }
  | {
      readonly kind: 'kvm_cpuid'
      readonly function: number
      readonly index: number
      readonly answer: readonly [number, number, number, number]
      /** Whether the table has this leaf and subleaf. */
      readonly found: boolean
    }
  | {
      readonly kind: 'kvm_msr'
      readonly write: boolean
      readonly index: number
      readonly data: bigint
      readonly exception: boolean
    }
  | {
      readonly kind: 'kvm_pio'
      readonly write: boolean
      readonly port: number
      readonly size: number
      readonly value: number
    }
  | {
      readonly kind: 'kvm_mmio'
      readonly write: boolean
      readonly address: number
      readonly size: number
      readonly value: bigint
    }
  | { readonly kind: 'kvm_inj_virq'; readonly vector: number }
  | { readonly kind: 'kvm_inj_exception'; readonly vector: number; readonly errorCode: number | undefined }

/** Takes events as they happen. */
export type Trace = (event: TraceEvent) => void
