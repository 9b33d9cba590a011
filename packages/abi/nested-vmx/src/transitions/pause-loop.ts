import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'

/** A loop of PAUSE at CPL 0: when its first one was and its last, by a counter at the rate of the time stamp. */
export interface PauseLoop {
  readonly first: bigint
  readonly last: bigint
}

/**
 * The loop that a PAUSE belongs to: that of the one before, if that was no longer ago than PLE_Gap says, or a new one.
 *
 * Source: SDM 3C 25.6.13 Controls for PAUSE-Loop Exiting; 26.1.3, PAUSE.
 */
export function pausedAt(now: bigint, before: PauseLoop | undefined, vmcs: LiveVmcs12): PauseLoop {
  const goesOn = before !== undefined && now - before.last <= BigInt(vmcs.word('PLE_GAP'))
  return { first: goesOn ? before.first : now, last: now }
}

/** Whether it has taken longer than PLE_Window says. */
export const isTooLong = ({ first, last }: PauseLoop, vmcs: LiveVmcs12): boolean =>
  last - first > BigInt(vmcs.word('PLE_WINDOW'))
