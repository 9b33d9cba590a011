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
