export { rows } from './all.ts'
export type { Attribute, OpcodeRow, OperandCode, OperandEncoding } from './row.ts'
