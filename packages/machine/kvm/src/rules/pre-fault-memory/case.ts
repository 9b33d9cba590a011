import type { Rule } from '@vmm/rule'

/** KVM_PRE_FAULT_MEMORY, up to its first page. */
export interface PreFaultCase {
  readonly gpa: bigint
  readonly size: bigint
  readonly flags: bigint
  /** Whether the processor walks page tables of the guest by itself, through those of KVM. */
  readonly tdp: boolean
  /** What is at the first page: nothing, a slot, or a slot without user memory. */
  readonly first: 'no slot' | 'memory' | 'no user memory'
}

/** A refusal of that call. */
export type PreFaultRule = Rule<PreFaultCase>

/** A page that is there. */
export const aPage: PreFaultCase = { gpa: 0n, size: 0x1000n, flags: 0n, tdp: true, first: 'memory' }
