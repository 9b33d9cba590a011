export { CheckedEngine, type CheckedEngineOptions } from './checked-engine.ts'
export { type Difference, type Executed, sayDifference, type Unequal } from './difference.ts'
export { OracleEngine, type OracleEngineOptions } from './oracle-engine.ts'
