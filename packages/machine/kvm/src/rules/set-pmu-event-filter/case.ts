import type { Rule } from '@vmm/rule'

/** KVM_SET_PMU_EVENT_FILTER. */
export interface EventFilterCase {
  readonly action: number
  readonly flags: number
  readonly nevents: number
  /** Whether the events can be read. */
  readonly readable: boolean
  /** Masks that no event has: exclusion is not told of one. */
  readonly masked: 'valid' | 'invalid'
}

/** A refusal of that call. */
export type EventFilterRule = Rule<EventFilterCase>

/** Events that guests may count: two. */
export const allowsTwo: EventFilterCase = { action: 0, flags: 0, nevents: 2, readable: true, masked: 'valid' }
