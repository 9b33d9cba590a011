import type { Fatality } from '@vmm/vcpu'

/** How a guest ended its run. */
export type End =
  | { readonly kind: 'power-off' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'debug-exit'; readonly value: number }
  | { readonly kind: 'shutdown'; readonly because: readonly Fatality[]; readonly state: string }
  | { readonly kind: 'internal-error'; readonly says: string }

/** What a slice came to: go on, sleep until a time, or the end. */
export type SliceResult =
  | { readonly kind: 'running' }
  | { readonly kind: 'idle'; readonly until: number }
  | { readonly kind: 'ended'; readonly end: End }

/** What the loop needs of a machine, so that it runs with any. */
export interface RunningMachine {
  /** Runs up to so many instructions, and returns within a slice of time. */
  slice(instructions: number): SliceResult
  /** Instructions of a slow machine after which a slice comes back before its end, so that the event loop lives. */
  readonly breath?: number | undefined
  /** Instructions retired since the start. */
  readonly instructions: number
  /** Guest time passes as the host's does, whatever is run. */
  readonly timeIsHosts?: true
  /** Guest time in nanoseconds. */
  now(): number
  /** Moves guest time forward while nothing runs. */
  warpTo(time: number): void
  /** Whether an interrupt could wake the processor when it is idle. */
  readonly canWake: boolean
  /** The guest sleeps, its processors off: only an alarm, or `wake`, ends that. */
  readonly suspended: boolean
  /** Wakes a guest that is suspended. */
  wake(): void
}

/** The host's end of a serial line into the guest. */
export interface SerialLine {
  /** Somebody asks for a character again and again. */
  readonly polled: boolean
  /** How many characters it takes now. */
  readonly room: number
  /** Gives how many were taken. */
  receive(bytes: Uint8Array): number
}
