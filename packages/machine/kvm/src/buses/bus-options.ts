import type { Profile } from '@vmm/rule'
import type { IoEventFds } from './io-eventfds.ts'

/** What a bus goes by. */
export interface BusOptions {
  readonly kernel: Profile
  /** The eventfds that stores on it may signal. */
  readonly eventFds: IoEventFds
  /** The next number in the order in which things are put on buses. */
  readonly nextOrder: () => number
}
