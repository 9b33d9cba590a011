export type { PitCounterRegisters } from './channel.ts'
export { createPit, type Pit, type PitOptions, type PitRegisters, pitHertz } from './pit.ts'
