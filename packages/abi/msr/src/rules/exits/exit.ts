import type { MsrError } from '../../kvm-call.ts'

/** Why a guest's access failed, as its VM hears of it. */
export type MsrFailure = MsrError | 'filtered'

/** Bits of KVM_CAP_X86_USER_SPACE_MSR, and of `reason` in an exit. Source: KVM_MSR_EXIT_REASON_*. */
export const reasonInvalid = 1
export const reasonUnknown = 2
export const reasonFilter = 4

/** A guest's access that failed, and what its VM wants to hear of. */
export interface FailedGuestAccess {
  readonly access: 'read' | 'write'
  readonly index: number
  readonly data: bigint
  readonly failure: MsrFailure
  /** What KVM_CAP_X86_USER_SPACE_MSR was given last. */
  readonly mask: number
}

/** What becomes of it. `fail` ends KVM_RUN with an error number. */
export type GuestMsrOutcome =
  | { readonly kind: 'fault'; readonly vector: 13; readonly errorCode: 0 }
  | {
      readonly kind: 'exit'
      readonly reason: 'x86-rdmsr' | 'x86-wrmsr'
      /** `error` and the padding are 0. */
      readonly msr: { readonly reason: number; readonly index: number; readonly data: bigint; readonly error: 0 }
    }
  | { readonly kind: 'fail'; readonly errno: 'EINVAL' | 'EBUSY' }

export const unknownWrite: FailedGuestAccess = {
  access: 'write',
  index: 0x999,
  data: 7n,
  failure: 'unsupported',
  mask: 0,
}
export const generalProtection: GuestMsrOutcome = { kind: 'fault', vector: 13, errorCode: 0 }
