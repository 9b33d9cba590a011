export { type HotSpot, hotSpots } from './hot-spots.ts'
export type { Clocks, NamedSample, Sample, Stretch } from './sample.ts'
export { Samples } from './samples.ts'
export { type TraceEvent, type TraceFile, traceFile } from './trace-events.ts'
