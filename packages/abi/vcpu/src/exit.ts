/** One exception on the way to a shutdown, for people. */
export interface Fatality {
  readonly vector: number
  readonly errorCode: number | undefined
  readonly rip: bigint
}

/** Why `run` came back. The names are the kernel's, less KVM_EXIT_. */
export type VcpuExit =
  /** The slice is over, or someone asked to come back. */
  | { readonly kind: 'intr' }
  /** HLT or MWAIT with nothing to take. */
  | { readonly kind: 'hlt' }
  | { readonly kind: 'hypercall'; readonly number: bigint; readonly arguments: readonly bigint[] }
  /** Triple fault: the exceptions that led there, oldest first. */
  | { readonly kind: 'shutdown'; readonly because: readonly Fatality[] }
  | { readonly kind: 'internal-error'; readonly says: string }
