export {
  bytes,
  type Codec,
  decode,
  encode,
  list,
  type Padding,
  padding,
  type StructCodec,
  struct,
  u8,
  u16,
  u32,
  u64,
  type ValueOf,
} from './codec.ts'
export { type FieldKind, type FieldType, type Layout, layout, StructView, sizeOf } from './layout.ts'
