export { msrAt, msrs } from './all.ts'
export { canonicalForm, isCanonical } from './canonical.ts'
export { allowedCet, cetBits, type HasEnforcement, isContraryCet } from './cet-controls.ts'
export { featureMsrValues } from './feature-values.ts'
export { firmwareValues } from './firmware-values.ts'
export { guestPerfmon } from './guest-perfmon.ts'
export { type Handled, handledBy, msrOf } from './handled.ts'
export { featureHostOf, type HostKnowledge, listHostOf, msrHostOf } from './host-facts.ts'
export { emulatedMsrIndexes, featureMsrIndexList, type ListHost, type MsrList, msrIndexList } from './index-lists.ts'
export type { HeldValues, MsrCall, MsrEffect, MsrError, MsrHost, MsrVcpu, MsrVm, OwnFeatures } from './kvm-call.ts'
export type {
  HyperVGuest,
  Initiator,
  Msr,
  MsrAccessKind,
  MsrField,
  MsrGuest,
  MsrHome,
  PerfmonGuest,
  Write,
  WriteRequest,
  WriteRule,
} from './msr.ts'
export {
  createMsrFile,
  type Elsewhere,
  MsrFile,
  type MsrFileOptions,
  type MsrRead,
  type MsrWrite,
  type SavedMsr,
  type Surroundings,
} from './msr-file.ts'
export {
  type MsrAnswer,
  type MsrDone,
  type MsrFailed,
  MsrKernel,
  type MsrSurroundings,
  type MsrsAnswer,
  msrKernel,
} from './msr-kernel.ts'
export { msrPromises } from './promises.ts'
export type { BulkCall, EntryAnswer, MsrEntry } from './rules/bulk/call.ts'
export { getMsrsCall, setMsrsCall } from './rules/bulk/index.ts'
export {
  type SystemTimeKept,
  type SystemTimeWrite,
  systemTimeWritten,
} from './rules/clocks/system-time-written.rule.ts'
export { type GuestTscWrite, tscWrittenByGuest } from './rules/clocks/tsc-written-by-guest.rule.ts'
export { type HostTscWrite, tscWrittenByHost } from './rules/clocks/tsc-written-by-host.rule.ts'
export { type MemoryWrites, type WallClockWrite, wallClockWritten } from './rules/clocks/wall-clock-written.rule.ts'
export type { FailedGuestAccess, GuestMsrOutcome, MsrFailure } from './rules/exits/exit.ts'
export { enableUserSpaceMsrCall } from './rules/exits/index.ts'
export { msrExitCompleted } from './rules/exits/msr-exit-completed.rule.ts'
export { featureMsrWrite } from './rules/feature-msrs/index.ts'
export type { FeatureMsrWrite } from './rules/feature-msrs/write.ts'
export { featureMsrAfterCreation } from './rules/feature-values/feature-msr-after-creation.rule.ts'
export type { FeatureHost } from './rules/feature-values/host.ts'
export { systemReadEntry } from './rules/feature-values/index.ts'
export type { FilterRange, MsrFilter, SetFilterCall } from './rules/filter/filter.ts'
export { filterDecides } from './rules/filter/filter-decides.rule.ts'
export { filterKept } from './rules/filter/filter-kept.rule.ts'
export { filterOnNestedLists } from './rules/filter/filter-on-nested-lists.rule.ts'
export { setMsrFilterCall } from './rules/filter/index.ts'
export type { IndexListCall } from './rules/index-list/call.ts'
export { indexListCall } from './rules/index-list/index.ts'
export { type ListCondition, type ListRow, listRows } from './rules/index-list/index-lists.rows.ts'
export { setMceCall, setupMceCall } from './rules/machine-check/index.ts'
export type { MachineCheckState, MachineError, SetMceCall, SetupMceCall } from './rules/machine-check/machine-check.ts'
export { mceSetUp } from './rules/machine-check/mce-set-up.rule.ts'
export { mceSupported } from './rules/machine-check/mce-supported.rule.ts'
export type { OneRegCall } from './rules/one-reg/call.ts'
export { oneRegCall, regListCall } from './rules/one-reg/index.ts'
export type { RegListCall } from './rules/one-reg/reg-list.ts'
export { registerRead, registerWrite } from './rules/registers/index.ts'
export { vendorTold } from './rules/registers/vendor-told.rule.ts'
export {
  decideRead,
  decideWrite,
  existsFor,
  type MsrRefused,
  type ReadVerdict,
  type RefusalReason,
  type WriteVerdict,
  writableMask,
} from './verdict.ts'
