import type { Rule } from '@vmm/rule'

/** KVM_SET_NR_MMU_PAGES. */
export interface MmuPagesCase {
  readonly pages: bigint
}

/** A refusal of that call. */
export type MmuPagesRule = Rule<MmuPagesCase>
