export type {
  Accesses,
  Arithmetic,
  Asker,
  Beyond,
  Bits,
  ControlFlow,
  Execution,
  Flags,
  Machine,
  Mode,
  NamedState,
  Operands,
  Segment,
  Variable,
  Width,
} from './algebra.ts'
export { instructions, isExecuted } from './all.ts'
export type { Bulk } from './bulk.ts'
export { type FlagClassName, type FlagEquations, type FlagsOf, flagClasses } from './flags.ts'
export { type HostCall, hostCalls } from './host-calls.ts'
export type { Instruction } from './instruction.ts'
export type {
  AnyOperand,
  FarPointer,
  Immediate,
  Memory,
  Operand,
  OperandFile,
  Place,
  RegisterOperand,
  Target,
} from './operand.ts'
export { anyMode, type Procedure, procedure } from './procedure.ts'
export { type Scribed, type ScribedProcedure, scribe } from './scribe/scribe.ts'
export {
  apicAccesses,
  elsewhere,
  generalProtection,
  type HypercallMnemonic,
  nobodyAround,
  numericException,
  type OptionalFeature,
  optionalFeatures,
  type PatchedHypercall,
  type Refused,
  type Surroundings,
  secondLevelFault,
  unanswered,
  type VmxMnemonic,
  type VmxOutcome,
  vmxMnemonics,
  vmxOperands,
} from './surroundings.ts'
export { type Survey, survey } from './surveyor.ts'
export { mayBeTarget, missEndbranch } from './system/control-flow.ts'
export { deliverEvent, deliverPlainly, eventKind } from './system/events.ts'
export { secondLevel, secondLevelAccess } from './system/second-level.ts'
export { fusedNumber, simdNumber } from './vector/simd-number.ts'
export { fusedOperations, simdOperations } from './vector/simd-operations.rows.ts'
export type { Lane, LaneOperation, VectorArithmetic } from './vector-algebra.ts'
export { x87Number } from './x87/x87-number.ts'
export { type X87Format, type X87Operation, x87Formats, x87Operations } from './x87/x87-operations.rows.ts'
