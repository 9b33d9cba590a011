import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { exitHypercallPipeline } from './rules/enable-cap/index.ts'
import { hyperVPipeline } from './rules/hyper-v/index.ts'
import { hypercallPipeline } from './rules/hypercall/index.ts'
import { foreignInstruction } from './rules/instruction/foreign-instruction.behaviour.ts'
import { hypercallInterface } from './rules/routing/interface.behaviour.ts'
import { xenAnswer } from './rules/xen/answer.behaviour.ts'

/** Every promise of this package, call by call, in the order in which the kernel checks. */
export const hypercallPromises: readonly Entry[] = [
  behaviourEntry('VMCALL', foreignInstruction),
  behaviourEntry('VMCALL', hypercallInterface),
  ...pipelineEntries(hypercallPipeline),
  ...pipelineEntries(hyperVPipeline),
  ...pipelineEntries(exitHypercallPipeline),
  behaviourEntry('VMCALL (Xen)', xenAnswer),
]
