export { msrAt, msrs } from './all.ts'
export { canonicalForm, isCanonical } from './canonical.ts'
export { firmwareValues } from './firmware-values.ts'
export { type HyperVFeature, type HyperVGuest, hyperVFeatures, hyperVFeaturesOf } from './hyper-v.ts'
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
