import type { Rule } from '@vmm/rule'

/** A device that is to be put on a bus in the kernel. */
export interface IoBusCase {
  /** Devices that are on it, eventfds not counted. */
  readonly devices: number
}

/** A refusal of that. */
export type IoBusRule = Rule<IoBusCase>
