import type { MpState } from './mp-state.ts'

/** The last exception that user space has put in; its number is told even when it is over. */
export interface PutException {
  readonly vector: number
  readonly errorCode: number | undefined
  /** `raised`: it may become another before its delivery begins. `delivered`: its delivery had begun. */
  readonly stage: 'none' | 'raised' | 'delivered'
  /** What goes into CR2 or DR6 with the delivery. */
  readonly payload: bigint | undefined
}

/** There was none. */
const noException: PutException = { vector: 0, errorCode: undefined, stage: 'none', payload: undefined }

/** What is on its way to a vCPU between two of its instructions. Plain data. */
export interface EventState {
  /** An exception that user space has put in: it is delivered before anything else. */
  exception: PutException
  /** The vector that is delivered next, whatever the flags say. */
  interrupt: number | undefined
  /** An NMI that is delivered next, though NMIs are blocked. */
  nmiInjected: boolean
  /** NMIs that wait: at most two. */
  nmiPending: number
  tripleFault: boolean
  /** Another processor has asked it to go on behind HLT: once, whether it is halted already or will be. */
  unhalted: boolean
  mpState: MpState
  /**
   * What ends the wait of a halted processor that nobody outside has been told of: of MWAIT a store, and perhaps interrupts that are
   * masked; of a HLT in the guest itself only what ends every HLT.
   */
  waitsFor: undefined | 'interrupt' | 'store' | 'store or interrupt'
  /** System-management mode. */
  smm: boolean
  smiPending: boolean
  /** NMIs were blocked when SMM was entered, and stay so behind RSM. */
  smmInsideNmi: boolean
  initPending: boolean
  /** The vector of a startup signal that waits. */
  startup: number | undefined
}

/** Nothing is on its way, and the processor runs. */
export const quiet = (): EventState => ({
  exception: noException,
  interrupt: undefined,
  nmiInjected: false,
  nmiPending: 0,
  tripleFault: false,
  unhalted: false,
  mpState: 'runnable',
  waitsFor: undefined,
  smm: false,
  smiPending: false,
  smmInsideNmi: false,
  initPending: false,
  startup: undefined,
})
