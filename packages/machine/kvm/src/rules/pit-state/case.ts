import type { Rule } from '@vmm/rule'

/** A call on the timer in the kernel. */
export interface PitStateCase {
  readonly pit: 'present' | 'absent'
}

/** A refusal of such a call. */
export type PitStateRule = Rule<PitStateCase>
