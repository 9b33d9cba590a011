import type { Pipeline, Rule } from '@vmm/rule'
import { encryptionAbsent } from './absent.rule.ts'
import type { EncryptionCase } from './case.ts'

const check = (rule: Rule<EncryptionCase>) => ({ kind: 'check', rule }) as const

/** KVM_MEMORY_ENCRYPT_OP. */
export const encryptionPipeline: Pipeline<EncryptionCase> = {
  call: 'KVM_MEMORY_ENCRYPT_OP',
  steps: [check(encryptionAbsent)],
}
