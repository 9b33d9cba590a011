/** What a vCPU's thread asks of the machine's. */
export const requests = {
  none: 0,
  portIn: 1,
  portOut: 2,
  load: 3,
  store: 4,
  endOfInterrupt: 5,
  acknowledge: 6,
  numericError: 7,
} as const
export type Request = (typeof requests)[keyof typeof requests]

/** What a thread does now. */
export const threadStates = { new: 0, stopped: 1, running: 2, idle: 3 } as const

/** Signals to a vCPU beside vectors, a bit each. */
export const signalBits = {
  nmi: 1,
  smi: 2,
  init: 4,
  startup: 8,
  external: 16,
  unhalt: 32,
  ignoreNumericError: 64,
} as const

/** What the machine wants of its threads: to run what a generation of starts says, or to stop. */
export const wanted = { stop: 0, run: 1 } as const
