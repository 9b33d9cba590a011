import type { Rule } from '@vmm/rule'

/** KVM_ENABLE_CAP on a VM. */
export interface EnableCapCase {
  readonly capability: number
  readonly flags: number
  readonly arguments: readonly [bigint, bigint, bigint, bigint]
  /** Whether this release lets a VM enable it. */
  readonly known: boolean
}

/** A refusal of that call. */
export type EnableCapRule = Rule<EnableCapCase>

/** Payloads of exceptions, as every release has them. */
export const exceptionPayload: EnableCapCase = { capability: 164, flags: 0, arguments: [1n, 0n, 0n, 0n], known: true }
