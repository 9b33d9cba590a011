import type { Refusal } from '@vmm/rule'
import type { SgxError } from './guest.ts'

/** What comes of a leaf of ENCLS. */
export type EnclsVerdict =
  /** KVM does not look: the processor executes it. */
  | { readonly kind: 'native' }
  /** The hypervisor in L1 asked to see it. */
  | { readonly kind: 'l1' }
  /** Nothing speaks against it: KVM executes it for the guest. */
  | { readonly kind: 'run'; readonly leaf: 'ECREATE' | 'EINIT' }
  /** The guest gets the exception, or user space the error, by the rule that is named. */
  | { readonly kind: 'refused'; readonly error: SgxError; readonly refusal: Refusal<SgxError> }
