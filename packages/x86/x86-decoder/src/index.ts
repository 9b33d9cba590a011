export { createDecoded, decode } from './decode.ts'
export {
  type CodeSize,
  type Decoded,
  type DecodedOperand,
  type DecodeFailure,
  noRegister,
  type OperandKind,
  type RegisterFile,
  ripBase,
} from './decoded.ts'
export { type Disassembled, type DisassembledInstruction, type DisassembleOptions, disassemble } from './disassemble.ts'
export { format } from './format.ts'
export { rowOf, sizedMnemonicOf } from './row-of.ts'
export { takesModrm } from './takes-modrm.ts'
