import type { MpState } from './mp-state.ts'

/** What is on its way to a vCPU between two of its instructions. Plain data. */
export interface EventState {
  /** An exception that user space has put in: it is delivered before anything else. */
  exception: { vector: number; errorCode: number | undefined } | undefined
  /** The vector that is delivered next, whatever the flags say. */
  interrupt: number | undefined
  /** An NMI that is delivered next, though NMIs are blocked. */
  nmiInjected: boolean
  /** NMIs that wait: at most two. */
  nmiPending: number
  tripleFault: boolean
  mpState: MpState
  /** What ends the wait of MWAIT, if that is what a halted processor does: a store, and perhaps interrupts that are masked. */
  mwait: undefined | 'store' | 'store or interrupt'
  initPending: boolean
  /** The vector of a startup signal that waits. */
  startup: number | undefined
}

/** Nothing is on its way, and the processor runs. */
export const quiet = (): EventState => ({
  exception: undefined,
  interrupt: undefined,
  nmiInjected: false,
  nmiPending: 0,
  tripleFault: false,
  mpState: 'runnable',
  mwait: undefined,
  initPending: false,
  startup: undefined,
})
