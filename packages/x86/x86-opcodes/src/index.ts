export { type Access, accessOf } from './access.ts'
export { type ControlFlow, controlFlowOf } from './control-flow.ts'
export { type Elision, elisionOf, takesBnd } from './elision.ts'
export { featuresOf } from './features.ts'
export { type FlagEffects, type FlagName, flagNames, flagsOf } from './flags.ts'
export {
  type Certainty,
  type Implied,
  type ImpliedAccess,
  type ImpliedMemory,
  type ImpliedRegister,
  type ImpliedSize,
  impliedOf,
} from './implied.ts'
export type { Mnemonic } from './mnemonics.ts'
export {
  type EncodingSpace,
  type Mandatory,
  type ModrmPattern,
  type OpcodePattern,
  parseOpcode,
  type Trailer,
} from './opcode-pattern.ts'
export type { OperandFile, OperandPlace, OperandSize } from './operand-place.ts'
export { type OpcodePlace, opcodePlaces, patternAt, rowAt, rows } from './packed.ts'
export {
  type Attribute,
  attributeMeanings,
  encodingOf,
  type OpcodeRow,
  type OperandCode,
  type OperandEncoding,
  placeOf,
} from './row.ts'
export { type SizedMnemonic, sizedMnemonics } from './sized-mnemonics.rows.ts'
export { type ConditionCode, conditionCodes, type X87Effects, x87EffectsOf } from './x87-effects.ts'
