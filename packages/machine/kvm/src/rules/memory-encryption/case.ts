import type { Rule } from '@vmm/rule'

/** KVM_MEMORY_ENCRYPT_OP, and regions of encrypted memory. */
export interface EncryptionCase {
  /** The processor encrypts guests. */
  readonly encrypts: boolean
}

/** A refusal of that call. */
export type EncryptionRule = Rule<EncryptionCase>

/** A host of SEV guests. */
export const encrypting: EncryptionCase = { encrypts: true }
