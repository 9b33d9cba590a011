import type { Rule } from '@vmm/rule'
import { aLog, type DirtyLogCase } from '../get-dirty-log/case.ts'

/** KVM_CLEAR_DIRTY_LOG. */
export interface ClearDirtyLogCase extends DirtyLogCase {
  readonly first_page: bigint
  readonly num_pages: number
  /** Pages of the slot. */
  readonly pages: bigint
}

/** A refusal of that call. */
export type ClearDirtyLogRule = Rule<ClearDirtyLogCase>

/** All of a slot of 129 pages. */
export const allPages: ClearDirtyLogCase = { ...aLog, first_page: 0n, num_pages: 129, pages: 129n }
