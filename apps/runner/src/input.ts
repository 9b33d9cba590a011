import type { GuestConsole } from './guest-console.ts'
import type { SerialLine } from './machine-port.ts'

/** What is known of whoever may read. */
export interface Reader {
  readonly console: GuestConsole
  /** Whether the processor runs, waits for something, or waits for nothing that will come by itself. */
  readonly is: 'busy' | 'idle' | 'idle for ever'
}

/** What someone gives the guest to read. */
export interface Input {
  /** Hands over what may be handed over, as much as the line takes. Gives how much it took. */
  feed(line: SerialLine): number
  /** Hands over more, if the guest seems to read at guest time `now`. Gives how much the line took. */
  offer(line: SerialLine, guest: Reader, now: number): number
  /** All of it was handed over, and more may come. */
  readonly awaited: boolean
  /** Whether it wakes a guest that is suspended, and which nothing else will wake if `forever`. */
  wakes(forever: boolean): boolean
}

/** Nothing to read, ever. */
export const noInput: Input = { feed: () => 0, offer: () => 0, awaited: false, wakes: () => false }
