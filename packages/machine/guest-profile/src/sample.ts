import type { StackState } from '@vmm/symbols'

/** A stretch of time on a clock, in nanoseconds, that ends somewhere and of which so much was spent in the guest. */
export interface Stretch {
  readonly to: number
  readonly ran: number
}

/** The clocks that a profile is drawn on: the guest's, by which it is the same each time, and the host's. */
export interface Clocks {
  readonly guest: Stretch
  readonly host: Stretch
}

/** Where a processor was, and all that is to be put down to that place. */
export interface Sample extends Clocks {
  /** The processor's number. */
  readonly vcpu: number
  readonly rip: bigint
  /** The privilege level, CPL: 3 is a program. */
  readonly privilege: number
  /** CR3: programs have addresses in common. */
  readonly space: bigint
  /** Instructions that the sample stands for. */
  readonly instructions: number
  /** The stack as far as it was looked at, from the stack pointer up: who called is on it. */
  readonly stack?: Omit<StackState, 'rip'>
}

/** A sample that has names. */
export interface NamedSample extends Sample {
  /** From what contains all the others, by who called whom, to what was executing. */
  readonly frames: readonly string[]
  /** What was executing, whoever called it. */
  readonly place: readonly string[]
}
