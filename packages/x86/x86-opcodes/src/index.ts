export { type Access, accessOf } from './access.ts'
export { type Mnemonic, rows } from './all.ts'
export { type ControlFlow, controlFlowOf } from './control-flow.ts'
export { featuresOf } from './features.ts'
export { type FlagEffects, type FlagName, flagNames, flagsOf } from './flags.ts'
export {
  type EncodingSpace,
  type Mandatory,
  type ModrmPattern,
  type OpcodePattern,
  parseOpcode,
  type Trailer,
} from './opcode-pattern.ts'
export type { OperandFile, OperandPlace, OperandSize } from './operand-place.ts'
export {
  type Attribute,
  attributeMeanings,
  type OpcodeRow,
  type OperandCode,
  type OperandEncoding,
  placeOf,
} from './row.ts'
export { type SizedMnemonic, sizedMnemonics } from './sized-mnemonics.rows.ts'
