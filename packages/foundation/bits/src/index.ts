export {
  type Bit,
  bit,
  bits,
  definedMask,
  type Field,
  type Fields,
  fieldOf,
  maskOf,
  overlap,
  withField,
} from './bits.ts'
