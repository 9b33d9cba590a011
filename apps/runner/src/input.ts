import type { GuestConsole } from './guest-console.ts'
import type { SerialLine } from './machine-port.ts'

/** What someone gives the guest to read. */
export interface Input {
  /** Hands over what may be handed over, as much as the line takes. Gives how much it took. */
  feed(line: SerialLine): number
  /** The guest has nothing to do at guest time `now`, perhaps forever: what was held back may be what it waits for. */
  idle(line: SerialLine, console: GuestConsole, now: number, forever: boolean): number
  /** All of it was handed over, and more may come. */
  readonly awaited: boolean
}

/** Nothing to read, ever. */
export const noInput: Input = { feed: () => 0, idle: () => 0, awaited: false }
