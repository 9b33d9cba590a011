export { ByteWriter } from './byte-writer.ts'
export { type BranchHint, type FunctionBody, type FunctionType, ModuleBuilder } from './module-builder.ts'
export {
  type AtomicOp,
  atomicOps,
  bulkOps,
  control,
  fenceOp,
  type LaneOp,
  laneOps,
  type MemoryOp,
  memoryOps,
  type PlainOp,
  plainOps,
  type ValueType,
  valueTypes,
  vectorOps,
} from './opcodes.rows.ts'
