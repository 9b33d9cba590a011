export type { L2Entry } from './checks/vmcs-check.ts'
export {
  type EntryCheckId,
  type EntryReport,
  entryChecks,
  type NamedEntryCheck,
} from './entry/all.ts'
export {
  type CheckedAs,
  check,
  type EntryCapabilities,
  type EntryVerdict,
  type FailedCheck,
} from './entry/check.ts'
export type { Condition, Part } from './entry/condition.ts'
export type { EntryCheck, EntryWitness, KvmCheck } from './entry/entry-check.ts'
export {
  type CompiledEntryChecks,
  compileEntryChecks,
  entryFailure,
  type FailedEntry,
} from './entry/entry-failure.ts'
export type { EntryFacts, EntryMsr, EntryMsrs, EntryProcessor } from './entry/entry-processor.ts'
export { type KvmEntryFailure, kvmChecks, kvmEntryFailure, type NamedKvmCheck } from './entry/kvm-checks.ts'
export { mutatedField, type RandomBelow } from './entry/mutated-field.ts'
export { plainFacts, type SoundVmcs, soundVmcs, wholeProcessor } from './entry/sound-vmcs.ts'
export { type EntryCase, witnessesOf } from './entry/witnesses.ts'
export { eptFormats, memoryTypes } from './ept/ept-entries.rows.ts'
export { type EptFormat, eptFormatAt, type MemoryType, memoryTypeOf, readEptEntry } from './ept/ept-entry.ts'
export { type InveptType, type InvvpidType, inveptTypeOf, invvpidTypeOf } from './ept/invalidation-type.ts'
export { inveptTypes, invvpidTypes } from './ept/invalidation-types.rows.ts'
export { type ExitOfL2, type ExitOwner, exitGoesTo, type L0Exit, l0WantsExit } from './exits/exit-goes-to.ts'
export {
  describeQualification,
  type QualificationFormat,
  qualificationFormatOf,
  type ReadQualification,
  readQualification,
} from './exits/exit-qualification.ts'
export { qualificationFormats } from './exits/exit-qualifications.rows.ts'
export {
  type ExitReason,
  type ExitReasonFlag,
  exitNumbers,
  exitReasonNumber,
  exitReasonOf,
  type ReadExitReason,
} from './exits/exit-reason.ts'
export { exitReasonBits, exitReasons } from './exits/exit-reasons.rows.ts'
export { type ExitRoute, exitRouteOf, type L0Facts, type L0Wish, type L1Wants } from './exits/exit-route.ts'
export { exitRoutes } from './exits/exit-routing.rows.ts'
export { instructionFormats, instructionFormatsOf } from './exits/instruction-information.rows.ts'
export { interruptionFormats, interruptionTypes } from './exits/interruption-information.rows.ts'
export {
  type Interruption,
  type InterruptionFormat,
  type InterruptionType,
  readInterruption,
} from './exits/interruption-information.ts'
export { type VmInstructionError, vmInstructionErrorOf } from './exits/vm-instruction-error.ts'
export { vmInstructionErrors } from './exits/vm-instruction-errors.rows.ts'
export {
  mostNestedStateBytes,
  NestedKernel,
  type NestedStateGot,
  type NestedStateSet,
  type NestedStateToGet,
  type NestedStateToSet,
  nestedKernel,
} from './nested-kernel.ts'
export {
  emptyNestedState,
  enteredVmx,
  leftNested,
  type NestedFormat,
  type NestedState,
  noAddress,
} from './nested-state.ts'
export {
  givenNestedState,
  givenNestedStateOf,
  nestedHeaderBytes,
  type ReadGiven,
  toldNestedState,
} from './nested-state-bytes.ts'
export { nestedVcpu } from './nested-vcpu.ts'
export { nestedPromises } from './promises.ts'
export type { EnableEvmcs } from './rules/enable-evmcs/call.ts'
export { enableEvmcsPipeline } from './rules/enable-evmcs/index.ts'
export type { GetNestedState } from './rules/get-nested-state/call.ts'
export { getNestedStatePipeline } from './rules/get-nested-state/index.ts'
export type { L2Event, L2EventGoes } from './rules/in-l2/event.ts'
export type { L2Hypercall } from './rules/in-l2/hypercall.ts'
export { hypercallOfL2 } from './rules/in-l2/hypercall-of-l2.rule.ts'
export { nestedEventGoes } from './rules/in-l2/nested-event-goes.rule.ts'
export { nestedInitGoes } from './rules/in-l2/nested-init-goes.rule.ts'
export { nestedTripleFaultGoes } from './rules/in-l2/nested-triple-fault-goes.rule.ts'
export { runExceptionLeavesL2 } from './rules/in-l2/run-exception-leaves-l2.rule.ts'
export { type ShadowCrossing, svmIntShadow } from './rules/in-l2/svm-int-shadow.rule.ts'
export { svmIntShadowTold } from './rules/in-l2/svm-int-shadow-told.rule.ts'
export { type L2Injection, svmNextRip } from './rules/in-l2/svm-next-rip.rule.ts'
export { type NextRipLeft, svmNextRipLeft } from './rules/in-l2/svm-next-rip-left.rule.ts'
export { svmNextRipTold } from './rules/in-l2/svm-next-rip-told.rule.ts'
export { type L2Vmload, svmVmloadVirt, type VmloadBy } from './rules/in-l2/svm-vmload-virt.rule.ts'
export type { WrittenInL2 } from './rules/in-l2/told-of-l2.ts'
export type { EferSet, SmmSet } from './rules/leave/call.ts'
export type { NestedModule } from './rules/nested-cap/nested-module.ts'
export type { GivenNestedState, NestedVcpu, SetNestedState } from './rules/set-nested-state/call.ts'
export { setSvmNestedStatePipeline, setVmxNestedStatePipeline } from './rules/set-nested-state/index.ts'
export type { NestedSregs } from './rules/set-sregs/call.ts'
export { nestedSregsPipeline } from './rules/set-sregs/index.ts'
export type { EntryFailure, Vmlaunch } from './rules/vmlaunch/call.ts'
export { vmlaunchPipeline } from './rules/vmlaunch/index.ts'
export type { Vmrun, VmrunFailure } from './rules/vmrun/call.ts'
export { vmrunPipeline } from './rules/vmrun/index.ts'
export type { VmxFailure, Vmxon } from './rules/vmxon/call.ts'
export { vmxonPipeline } from './rules/vmxon/index.ts'
export {
  type ApicAccess,
  apicAccessQualification,
  isApicAccessVirtualized,
  selfIpiVector,
} from './transitions/apic-accesses.ts'
export { virtualApicRegisters } from './transitions/apic-registers.rows.ts'
export { CopiedField } from './transitions/copied-field.ts'
export { directFields, directMarks } from './transitions/direct-fields.ts'
export { enforcementLeft, enforcementLoaded } from './transitions/enforcement-state.ts'
export { exceptionExits } from './transitions/exception-exits.ts'
export { guestFailure } from './transitions/guest-failure.ts'
export {
  guestLoaded,
  guestSaved,
  isPaePaging,
  loadGuest,
  loadGuestPointers,
  saveGuest,
} from './transitions/guest-state.ts'
export { hostLoaded, loadHost } from './transitions/host-state.ts'
export { instructionEnabled, instructionExits, type L2Instruction } from './transitions/instruction-exits.ts'
export { type ToldInstruction, toldInstruction } from './transitions/instruction-information.ts'
export { linkedRegion, putLinked } from './transitions/linked-vmcs.ts'
export { loadMsrs, storeMsrs, type VmxMsrAccess } from './transitions/msr-lists.ts'
export {
  type FixedBits,
  fixedBits,
  setNonRoot,
  setOutsideVmx,
  setRoot,
  vmxOperation,
} from './transitions/operation-mode.ts'
export { type PauseLoop, pausedAt } from './transitions/pause-loop.ts'
export { preemptionTimerRate } from './transitions/preemption-timer-rate.ts'
export { bytesAt, type VmxMemory, wordAt } from './transitions/processor.ts'
export {
  type Looked,
  RememberedTransition,
  type TransitionBegun,
  type TransitionFacts,
} from './transitions/remembered-transition.ts'
export { type StateCell, type StateCells, stateCells } from './transitions/state-cells.ts'
export { eventValid, injectedEvent, interruptionInformation, type TransitEvent } from './transitions/transit-event.ts'
export { type VmFunction, type VmFunctionWorld, vmFunction } from './transitions/vm-functions.ts'
export {
  executeVmx,
  type Forgotten,
  type VmxAnswer,
  type VmxOperands,
  type VmxRules,
  type VmxWorld,
  vmxRules,
} from './transitions/vmx-instructions.ts'
export { VmxState } from './transitions/vmx-state.ts'
export {
  keptVmcb,
  type VmcbField,
  type VmcbReader,
  type VmcbValues,
  vmcbBytes,
  vmcbOf,
  vmcbReader,
  vmcbWith,
} from './vmcb12/vmcb12.ts'
export {
  entryPrimary,
  exitPrimary,
  exitSecondary,
  pinBased,
  primaryBased,
  secondaryBased,
  tertiaryBased,
} from './vmcs/controls.rows.ts'
export {
  readEncoding,
  type VmcsEncoding,
  type VmcsField,
  type VmcsGroup,
  type VmcsPlace,
  type VmcsWidth,
  vmcsFieldAt,
  vmcsPlaceOf,
  vmcsPlaces,
} from './vmcs/vmcs-field.ts'
export {
  type VmcsLayout,
  type VmcsReader,
  type VmcsValues,
  vmcs12Layout,
  vmcsReader,
  wholeVmcsBytes,
  wholeVmcsLayout,
  wholeVmcsOf,
  writeVmcs,
} from './vmcs/vmcs-layout.ts'
export { vmxCapabilities } from './vmcs12/capability-names.rows.ts'
export {
  type ControlBit,
  entryBit,
  exitBit,
  hasEntryControl,
  hasExitControl,
  hasPinControl,
  hasPrimaryControl,
  hasSecondaryControl,
  pinBit,
  primaryBit,
  secondaryBit,
} from './vmcs12/control-bits.ts'
export {
  type ControlMasks,
  entryControls,
  exitControls,
  pinControls,
  primaryControls,
  secondaryControls,
  secondaryExitControls,
  tertiaryControls,
} from './vmcs12/controls.ts'
export { executedVmxMsrs, type VmxCapability } from './vmcs12/executed-vmx-msrs.ts'
export { type LiveField, type LivePlace, liveLayout, livePlaces } from './vmcs12/live-places.ts'
export { LiveVmcs12 } from './vmcs12/live-vmcs12.ts'
export { nestedVmxMsrs, type VmxProcessor } from './vmcs12/nested-vmx-msrs.ts'
export {
  isLaunched,
  revisionOf,
  shadowIndicator,
  type Vmcs12Field,
  type Vmcs12Place,
  type Vmcs12Reader,
  type Vmcs12Values,
  vmcs12At,
  vmcs12Bytes,
  vmcs12Of,
  vmcs12Offsets,
  vmcs12Places,
  vmcs12Reader,
  vmcs12Revision,
  vmcs12With,
  vmcsRegionBytes,
} from './vmcs12/vmcs12.ts'
export { vmcs12Fields } from './vmcs12/vmcs12-fields.rows.ts'
export { type ControlGroup, offeredVmxMsrs, type VmxMsr, type VmxMsrs, vmxMsrs } from './vmcs12/vmx-limits.ts'
