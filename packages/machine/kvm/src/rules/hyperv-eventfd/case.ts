import type { Rule } from '@vmm/rule'

/** KVM_HYPERV_EVENTFD. */
export interface HypervEventfdCase {
  readonly flags: number
  readonly connection: number
  readonly file: 'eventfd' | 'other' | 'closed'
  /** Something is joined to the connection. */
  readonly joined: boolean
  /** CONFIG_KVM_HYPERV; always so before it could be configured. */
  readonly built: boolean
}

/** KVM_HYPERV_EVENTFD_DEASSIGN. */
export const deassigns = 1

/** A refusal of that call. */
export type HypervEventfdRule = Rule<HypervEventfdCase>

/** An eventfd for connection 5. */
export const joinsFive: HypervEventfdCase = { flags: 0, connection: 5, file: 'eventfd', joined: false, built: true }
