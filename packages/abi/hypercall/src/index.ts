export {
  decideHypercall,
  type HypercallCompleter,
  type HypercallDecider,
  type HypercallPatcher,
  type HyperVDecider,
  hypercallCompleter,
  hypercallDecider,
  hypercallPatcher,
  hypercallRecorder,
  hyperVDecider,
} from './decide.ts'
export { type HypercallError, hypercallErrors } from './errors.ts'
export {
  decodeHyperVCall,
  type HyperVCall,
  type HyperVMode,
  hyperVCallOf,
  hyperVResult,
  isExtendedHyperVCall,
} from './hyper-v.ts'
export { type HyperVCallName, type HyperVCallRow, type HyperVWord, hyperVCalls } from './hyper-v-calls.rows.ts'
export type { HyperVFlush, HyperVInput, HyperVIpi, HyperVProcessors } from './hyper-v-input.ts'
export { type HyperVStatus, hyperVStatuses } from './hyper-v-status.rows.ts'
export { decodeHypercall, type Hypercall, hypercallNumbered, numberOf, returnValue } from './hypercall.ts'
export { type HypercallName, type HypercallRow, hypercalls } from './hypercalls.rows.ts'
export { hypercallPromises } from './promises.ts'
export { type PageEncryptionProposal, pageEncryptionProposals } from './proposals.ts'
export type { HypercallMode, HypercallRegisters } from './registers.ts'
export { type ExitHypercallCase, exitHypercallMask } from './rules/enable-cap/case.ts'
export { exitHypercallPipeline } from './rules/enable-cap/index.ts'
export { type HypercallMoment, hypercallCounted } from './rules/exits/counted.behaviour.ts'
export { type AnsweredHypercall, mapGpaComplete } from './rules/exits/map-gpa-complete.behaviour.ts'
export { type HypercallRecord, mapGpaExit } from './rules/exits/map-gpa-exit.behaviour.ts'
export {
  type PageStateRequest,
  type PageStateVerdict,
  pageStateChange,
} from './rules/exits/page-state-change.behaviour.ts'
export type { HyperVCase, HyperVContext, HyperVError, HyperVVerdict } from './rules/hyper-v/case.ts'
export { hyperVPipeline } from './rules/hyper-v/index.ts'
export type { HypercallCase, HypercallContext } from './rules/hypercall/case.ts'
export { hypercallPipeline } from './rules/hypercall/index.ts'
export type { HypercallInstruction, InstructionCase, InstructionVerdict } from './rules/instruction/case.ts'
export { foreignInstruction } from './rules/instruction/foreign-instruction.behaviour.ts'
export {
  hypercallFromL2,
  type NestedHypercall,
  type NestedHypercallVerdict,
} from './rules/routing/from-l2.behaviour.ts'
export { type HypercallInterface, hypercallInterface, type RoutingCase } from './rules/routing/interface.behaviour.ts'
export { xenAnswer } from './rules/xen/answer.behaviour.ts'
export type { XenCase, XenContext, XenVerdict } from './rules/xen/case.ts'
export { type AnsweredXenCall, type XenExitRecord, xenComplete, xenExit } from './rules/xen/exit.behaviour.ts'
export type { HypercallVerdict } from './verdict.ts'
export { decodeXenCall, takesXenResult, type XenCall } from './xen.ts'
export { xenCalls, xenCommands } from './xen-calls.rows.ts'
