export type { PhysicalMemory } from './memory.ts'
export { DescriptionMistake } from './mistake.ts'
export { Oracle, type OracleOptions, type StepResult } from './oracle.ts'
export { State } from './state.ts'
