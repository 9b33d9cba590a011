import type { Rule } from '@vmm/rule'

/** KVM_GET_DIRTY_LOG or KVM_CLEAR_DIRTY_LOG: which slot, and what there is. */
export interface DirtyLogCase {
  readonly slot: number
  readonly addressSpaces: number
  readonly userSlots: number
  /** Whether written pages go into rings, and nowhere else. */
  readonly rings: boolean
  readonly logged: 'no such slot' | 'not logged' | 'logged'
}

/** A refusal of KVM_GET_DIRTY_LOG. */
export type GetDirtyLogRule = Rule<DirtyLogCase>

/** A slot whose written pages are remembered. */
export const aLog: DirtyLogCase = { slot: 0, addressSpaces: 2, userSlots: 32_764, rings: false, logged: 'logged' }
