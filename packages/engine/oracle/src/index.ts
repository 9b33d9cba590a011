export type { PhysicalMemory } from './memory.ts'
export { Oracle, type OracleOptions, type StepResult } from './oracle.ts'
export type { OraclePorts, Refused } from './ports.ts'
export { State } from './state.ts'
