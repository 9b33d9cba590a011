import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { discoveryPipelines } from './discover.ts'
import { executeCpuidPipeline } from './execute-cpuid.ts'
import { getCpuid2Pipeline } from './get-cpuid2-steps.ts'
import { guestPermissionPipeline } from './rules/guest-permission/index.ts'
import { rtXenTsc } from './rules/runtime/rt-xen-tsc.rule.ts'
import { registerPipeline, setCpuid2Pipeline, setCpuidPipeline } from './set-cpuid-steps.ts'
import { sgxLeaf12, supportedKvmLeaf, supportedOrder } from './supported/answered-leaves.behaviour.ts'
import { emulatedCpuid } from './supported/emulated-cpuid.ts'
import { mostVcpus } from './supported/supported-hv-cpuid.ts'
import { reportedComponents } from './supported/xcr0.ts'

/** Every promise of KVM about CPUID tables, in the order of the calls and their steps. */
export const cpuidPromises: readonly Entry[] = [
  ...pipelineEntries(setCpuidPipeline),
  ...pipelineEntries(setCpuid2Pipeline),
  ...pipelineEntries(getCpuid2Pipeline),
  ...pipelineEntries(registerPipeline),
  ...pipelineEntries(executeCpuidPipeline),
  ...pipelineEntries(guestPermissionPipeline),
  behaviourEntry('clock update', rtXenTsc),
  ...discoveryPipelines.flatMap((pipeline) => pipelineEntries(pipeline)),
  behaviourEntry('KVM_GET_SUPPORTED_CPUID', supportedOrder),
  behaviourEntry('KVM_GET_SUPPORTED_CPUID', supportedKvmLeaf),
  behaviourEntry('KVM_GET_SUPPORTED_CPUID', sgxLeaf12),
  behaviourEntry('KVM_GET_SUPPORTED_CPUID', reportedComponents),
  behaviourEntry('KVM_GET_EMULATED_CPUID', emulatedCpuid),
  behaviourEntry('KVM_GET_SUPPORTED_HV_CPUID', mostVcpus),
]
