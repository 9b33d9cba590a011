import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { ecreatePipeline } from './rules/ecreate/index.ts'
import { einitResult } from './rules/einit/einit-result.behaviour.ts'
import { einitPipeline } from './rules/einit/index.ts'
import { executedFault } from './rules/encls/executed-fault.behaviour.ts'
import { enclsPipeline } from './rules/encls/index.ts'
import { enclsAddress } from './rules/encls/operand-address.behaviour.ts'
import { enclsBitmap } from './rules/intercepts/bitmap.behaviour.ts'
import { sgxFeatureControl } from './rules/intercepts/feature-control.behaviour.ts'
import { provisioningPipeline } from './rules/provisioning/index.ts'

/** Every promise of this package, call by call, in the order in which the kernel checks. */
export const sgxPromises: readonly Entry[] = [
  behaviourEntry('KVM_SET_CPUID2', enclsBitmap),
  behaviourEntry('KVM_SET_CPUID2', sgxFeatureControl),
  ...pipelineEntries(enclsPipeline),
  behaviourEntry('ENCLS', enclsAddress),
  ...pipelineEntries(ecreatePipeline),
  ...pipelineEntries(einitPipeline),
  behaviourEntry('ENCLS[EINIT]', einitResult),
  behaviourEntry('ENCLS', executedFault),
  ...pipelineEntries(provisioningPipeline),
]
