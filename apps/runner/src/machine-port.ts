import type { SliceResult } from './machine.ts'

/** What the loop needs of a machine, so that it runs with any. */
export interface RunningMachine {
  /** Runs up to so many instructions, and returns within a slice of time. */
  slice(instructions: number): SliceResult
  /** Instructions retired since the start. */
  readonly instructions: number
  /** Guest time in nanoseconds. */
  now(): number
  /** Moves guest time forward while nothing runs. */
  warpTo(time: number): void
  /** Whether an interrupt could wake the processor when it is idle. */
  readonly canWake: boolean
}

/** The host's end of a serial line into the guest. */
export interface SerialLine {
  /** How many characters it takes now. */
  readonly room: number
  /** Gives how many were taken. */
  receive(bytes: Uint8Array): number
}
