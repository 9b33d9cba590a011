export { type Encls, enclsDecider } from './encls.ts'
export type { EcreateCase, EinitCase, EnclaveAsked, EnclsCase, Operand } from './encls-case.ts'
export { enclsLeaves } from './encls-leaves.rows.ts'
export { featureControl, type SgxError, type SgxGuest } from './guest.ts'
export { sgxPromises } from './promises.ts'
export { ecreatePipeline } from './rules/ecreate/index.ts'
export { type EinitResult, einitResult } from './rules/einit/einit-result.behaviour.ts'
export { einitPipeline } from './rules/einit/index.ts'
export {
  type ExecutedFault,
  type ExecutedFaultVerdict,
  executedFault,
} from './rules/encls/executed-fault.behaviour.ts'
export { enclsPipeline } from './rules/encls/index.ts'
export { type DataSegment, type EnclsOffset, enclsAddress } from './rules/encls/operand-address.behaviour.ts'
export { enclsBitmap } from './rules/intercepts/bitmap.behaviour.ts'
export { sgxFeatureControl } from './rules/intercepts/feature-control.behaviour.ts'
export { provisioningPipeline } from './rules/provisioning/index.ts'
export type { ProvisioningCall } from './rules/provisioning/provisioning-file.rule.ts'
export type { EnclsVerdict } from './verdict.ts'
