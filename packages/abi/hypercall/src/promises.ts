import { behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { exitHypercallPipeline } from './rules/enable-cap/index.ts'
import { hypercallCounted } from './rules/exits/counted.behaviour.ts'
import { mapGpaComplete } from './rules/exits/map-gpa-complete.behaviour.ts'
import { mapGpaExit } from './rules/exits/map-gpa-exit.behaviour.ts'
import { pageStateChange } from './rules/exits/page-state-change.behaviour.ts'
import { hyperVPipeline } from './rules/hyper-v/index.ts'
import { hypercallPipeline } from './rules/hypercall/index.ts'
import { foreignInstruction } from './rules/instruction/foreign-instruction.behaviour.ts'
import { hypercallFromL2 } from './rules/routing/from-l2.behaviour.ts'
import { hypercallInterface } from './rules/routing/interface.behaviour.ts'
import { hypercallRegisters } from './rules/routing/registers.behaviour.ts'
import { xenAnswer } from './rules/xen/answer.behaviour.ts'
import { xenArguments } from './rules/xen/arguments.behaviour.ts'
import { xenComplete, xenExit } from './rules/xen/exit.behaviour.ts'

/** Every promise of this package, call by call, in the order in which the kernel checks. */
export const hypercallPromises: readonly Entry[] = [
  behaviourEntry('VMCALL', foreignInstruction),
  behaviourEntry('VMCALL', hypercallFromL2),
  behaviourEntry('VMCALL', hypercallInterface),
  behaviourEntry('VMCALL', hypercallRegisters),
  ...pipelineEntries(hypercallPipeline),
  behaviourEntry('VMCALL', hypercallCounted),
  behaviourEntry('KVM_RUN', mapGpaExit),
  behaviourEntry('KVM_RUN', mapGpaComplete),
  behaviourEntry('VMGEXIT', pageStateChange),
  ...pipelineEntries(hyperVPipeline),
  ...pipelineEntries(exitHypercallPipeline),
  behaviourEntry('VMCALL (Xen)', xenArguments),
  behaviourEntry('VMCALL (Xen)', xenAnswer),
  behaviourEntry('VMCALL (Xen)', xenExit),
  behaviourEntry('KVM_RUN', xenComplete),
]
