export { OracleEngine } from './oracle-engine.ts'
