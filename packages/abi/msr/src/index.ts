export { msrAt, msrs } from './all.ts'
export { canonicalForm, isCanonical } from './canonical.ts'
export { firmwareValues } from './firmware-values.ts'
export { type HyperVFeature, type HyperVGuest, hyperVFeatures, hyperVFeaturesOf } from './hyper-v.ts'
export { featureMsrIndexList, type ListHost, type MsrList, msrIndexList } from './index-lists.ts'
export type { MsrCall, MsrEffect, MsrError, MsrHost, MsrVcpu, MsrVm } from './kvm-call.ts'
export type {
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
export type { BulkCall, EntryAnswer, MsrEntry } from './rules/bulk/call.ts'
export { bulkBehaviours, getMsrsCall, setMsrsCall } from './rules/bulk/index.ts'
export { featureMsrBehaviours, featureMsrWrite } from './rules/feature-msrs/index.ts'
export type { FeatureMsrWrite } from './rules/feature-msrs/write.ts'
export type { FilterRange, MsrFilter, SetFilterCall } from './rules/filter/filter.ts'
export { filterBehaviours, setMsrFilterCall } from './rules/filter/index.ts'
export type { IndexListCall } from './rules/index-list/call.ts'
export { indexListBehaviours, indexListCall } from './rules/index-list/index.ts'
export { machineCheckBehaviours, setMceCall, setupMceCall } from './rules/machine-check/index.ts'
export type { MachineCheckState, MachineError, SetMceCall, SetupMceCall } from './rules/machine-check/machine-check.ts'
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
