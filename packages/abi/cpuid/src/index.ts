export { type Feature, leaves } from './all.ts'
export { type BuiltTable, buildTable, cpuModelNamed, type TableOptions } from './build-table.ts'
export { type Cache, type CpuModel, type CpuModelName, cpuModels, virtualFeatures } from './cpu-models.rows.ts'
export { type CpuidIndex, cpuidIndex } from './cpuid-index.ts'
export { type CpuidKernel, cpuidKernel } from './cpuid-kernel.ts'
export { type DecodedLeaf, decode, isIndexed, rowOf } from './decode.ts'
export { describeTable, leafTitle } from './describe.ts'
export { type CpuidDifference, describeDiff, diffTables } from './diff.ts'
export {
  type Discovery,
  type DiscoveryAnswer,
  type DiscoveryIoctl,
  discoverCpuid,
  discoveryPipelines,
} from './discover.ts'
export {
  type CpuidAnswer,
  type CpuidEntry,
  type CpuidTable,
  changeEntry,
  entry,
  findEntry,
  KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
} from './entry.ts'
export { type ExecuteCpuid, type ExecutedCpuid, executeCpuid, executeCpuidPipeline } from './execute-cpuid.ts'
export { type FeaturePlace, featureNamed, featurePlaces, features, nearestFeature, placeOf } from './feature.ts'
export { type GetCpuid2, type GetCpuid2Answer, getCpuid2 } from './get-cpuid2.ts'
export type { GetCpuid2Call } from './get-cpuid2-call.ts'
export { getCpuid2Pipeline } from './get-cpuid2-steps.ts'
export { featuresOf, has, withFeature, withoutFeature } from './has.ts'
export {
  type Host,
  type HostOptions,
  hostFrom,
  hostOf,
  type ReadHost,
  readHost,
  type VendorModule,
} from './host.ts'
export { hypervisorBase, hypervisorOf } from './hypervisor.ts'
export { implementedFeatures } from './implemented.ts'
export type { Where } from './kernel-of.ts'
export type { Hypervisor, Leaf, LeafOutputs, OutputRegister, Subleaf } from './leaf.ts'
export { lookup, type VendorRules, vendorRulesOf } from './lookup.ts'
export { type MoreModels, type ParsedCpu, parseCpu, parseFeature } from './parse-cpu.ts'
export { cpuidPromises } from './promises.ts'
export { DumpError, kvmBytesOf, type ReadTable, readTable, tableFrom } from './read-table.ts'
export { clockUpdated, registersWritten } from './registers-written.ts'
export { type FeatureChanges, type Refused, requirementsOf } from './resolve-features.ts'
export { guestPermissionPipeline } from './rules/guest-permission/index.ts'
export type { PermissionCall } from './rules/guest-permission/permission-call.ts'
export type { HypervisorBase } from './rules/hypervisor-base.ts'
export type { HostComponent, ShownHost, ShownRegisters, ShownVm } from './rules/runtime/runtime-state.ts'
export { type RuntimeState, runtimeUpdate } from './runtime-update.ts'
export {
  type SetCpuid,
  type SetCpuidAccepted,
  type SetCpuidAnswer,
  type SetCpuidOutcome,
  type SetCpuidRefused,
  setCpuid,
} from './set-cpuid.ts'
export type {
  DerivedState,
  SetCpuidAllocation,
  SetCpuidCall,
  SetCpuidEffect,
  SetCpuidHost,
  SetCpuidName,
  SetCpuidRequest,
} from './set-cpuid-call.ts'
export { registerPipeline, setCpuid2Pipeline, setCpuidPipeline } from './set-cpuid-steps.ts'
export type { CpuidVcpu, CpuidVm } from './set-cpuid-vcpu.ts'
export { reports } from './supported/all-reports.ts'
export { supportedByEmulation } from './supported/emulated-cpuid.ts'
export type { How, Report } from './supported/report.ts'
export { type Reported, type Reporting, reportedOf } from './supported/reporting.ts'
export { profileFor, type SupportedCpuid, type SupportedQuestion, supportedCpuid } from './supported/supported-cpuid.ts'
export {
  type HypervQuestion,
  type HypervVcpu,
  type SupportedHvCpuid,
  supportedHvCpuid,
} from './supported/supported-hv-cpuid.ts'
export { type UnsupportedBit, unsupported } from './supported/unsupported.ts'
export { brandOf, type Signature, signatureEax, signatureOf, vendorOf } from './text.ts'
export { tableOfProcessor } from './topology.ts'
export { compactedXsaveSize, standardXsaveSize, xsaveHeaderEnd } from './xsave.ts'
export { type XsaveComponent, xsaveComponents } from './xsave-components.rows.ts'
