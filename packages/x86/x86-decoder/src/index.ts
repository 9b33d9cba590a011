export {
  createDecoded,
  createDecoder,
  type Decode,
  type DecodeMany,
  type Decoder,
  decode,
  decodeMany,
  readRecord,
  takesModrm,
} from './decode.ts'
export {
  type CodeSize,
  type Decoded,
  type DecodedOperand,
  type DecodeFailure,
  noRegister,
  type OperandKind,
  type PrefixHint,
  type RegisterFile,
  type Rounding,
  ripBase,
} from './decoded.ts'
export { type Disassembled, type DisassembledInstruction, type DisassembleOptions, disassemble } from './disassemble.ts'
export { format, targetWidth } from './format.ts'
export { formatAtt } from './format-att.ts'
export { formatMany } from './format-many.ts'
export { formatRecord } from './format-record.ts'
export type { UsedMemory, UsedRegister } from './implied-use.ts'
export { type InstructionInformation, informationOf } from './information.ts'
export {
  addressFields,
  flagFields,
  operandFields,
  recordFailures,
  recordSize,
  recordWords,
} from './record.ts'
export { createRecords } from './room.ts'
export type { RowChoice } from './row-choice.ts'
export { rowOf, sizedMnemonicOf } from './row-of.ts'
