import type { Refusal } from './refusal.ts'

/** Who keeps account of nested virtualization: what of a vCPU's state it has a say in, and must know of. */
export interface NestingPort {
  /** Who has something against control registers that user space sets. */
  refusesSregs(sregs: { readonly cr0: bigint; readonly cr4: bigint }): Refusal | undefined
  /** User space has set EFER. */
  eferSet(before: bigint, after: bigint): void
  /** User space has said whether the vCPU is in SMM. */
  smmSet(wasInSmm: boolean, inSmm: boolean): void
  /** INIT takes effect. */
  initialized(): void
  /** User space has written an MSR. */
  msrSet(index: number, value: bigint): void
}
