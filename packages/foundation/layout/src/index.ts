export { type FieldKind, type FieldType, type Layout, layout, StructView, sizeOf } from './layout.ts'
