import { type Behaviour, behaviourEntry, type Entry, pipelineEntries } from '@vmm/rule'
import { enableEvmcsPipeline } from './rules/enable-evmcs/index.ts'
import { getNestedStatePipeline } from './rules/get-nested-state/index.ts'
import { nestedVmxDeadlineTold } from './rules/get-nested-state/nested-vmx-deadline-told.rule.ts'
import { hypercallOfL2 } from './rules/in-l2/hypercall-of-l2.rule.ts'
import { nestedEventGoes } from './rules/in-l2/nested-event-goes.rule.ts'
import { nestedGuestModeFlag } from './rules/in-l2/nested-guest-mode-flag.rule.ts'
import { nestedInitGoes } from './rules/in-l2/nested-init-goes.rule.ts'
import { nestedInvalidL2 } from './rules/in-l2/nested-invalid-l2.rule.ts'
import { nestedRegistersTold } from './rules/in-l2/nested-registers-told.rule.ts'
import { nestedRestoreOrder } from './rules/in-l2/nested-restore-order.rule.ts'
import { nestedTripleFaultGoes } from './rules/in-l2/nested-triple-fault-goes.rule.ts'
import { nestedWithoutMemory } from './rules/in-l2/nested-without-memory.rule.ts'
import { runExceptionLeavesL2 } from './rules/in-l2/run-exception-leaves-l2.rule.ts'
import { svmGifHolds } from './rules/in-l2/svm-gif-holds.rule.ts'
import { svmIntShadow } from './rules/in-l2/svm-int-shadow.rule.ts'
import { svmIntShadowTold } from './rules/in-l2/svm-int-shadow-told.rule.ts'
import { svmNextRip } from './rules/in-l2/svm-next-rip.rule.ts'
import { svmNextRipLeft } from './rules/in-l2/svm-next-rip-left.rule.ts'
import { svmNextRipTold } from './rules/in-l2/svm-next-rip-told.rule.ts'
import { svmVmloadVirt } from './rules/in-l2/svm-vmload-virt.rule.ts'
import { vmxMsrListLength } from './rules/in-l2/vmx-msr-list-length.rule.ts'
import { nestedResetLeft } from './rules/leave/nested-reset-left.rule.ts'
import { nestedSmmLeft } from './rules/leave/nested-smm-left.rule.ts'
import { nestedSvmeCleared } from './rules/leave/nested-svme-cleared.rule.ts'
import { nestedCapBytes } from './rules/nested-cap/nested-cap-bytes.rule.ts'
import { nestedFormat } from './rules/nested-cap/nested-format.rule.ts'
import { setSvmNestedStatePipeline, setVmxNestedStatePipeline } from './rules/set-nested-state/index.ts'
import { nestedSregsPipeline } from './rules/set-sregs/index.ts'
import { vmlaunchPipeline } from './rules/vmlaunch/index.ts'
import { vmrunPipeline } from './rules/vmrun/index.ts'
import { vmxonPipeline } from './rules/vmxon/index.ts'

const does = <In, Out>(call: string, behaviour: Behaviour<In, Out>): Entry => behaviourEntry(call, behaviour)

/** Every promise of this package, call by call, in the order in which the kernel checks. */
export const nestedPromises: readonly Entry[] = [
  does('KVM_CHECK_EXTENSION', nestedFormat),
  does('KVM_CHECK_EXTENSION', nestedCapBytes),
  ...pipelineEntries(getNestedStatePipeline),
  does('KVM_GET_NESTED_STATE', nestedVmxDeadlineTold),
  ...pipelineEntries(setVmxNestedStatePipeline),
  ...pipelineEntries(setSvmNestedStatePipeline),
  does('KVM_SET_NESTED_STATE', nestedRestoreOrder),
  ...pipelineEntries(nestedSregsPipeline),
  does('KVM_SET_SREGS (nested)', nestedSvmeCleared),
  does('KVM_SET_VCPU_EVENTS (nested)', nestedSmmLeft),
  does('KVM_GET_MSRS (nested)', nestedRegistersTold),
  ...pipelineEntries(enableEvmcsPipeline),
  does('KVM_RUN (nested)', runExceptionLeavesL2),
  does('KVM_RUN (nested)', nestedEventGoes),
  does('KVM_RUN (nested)', nestedInitGoes),
  does('KVM_RUN (nested)', nestedResetLeft),
  does('KVM_RUN (nested)', nestedTripleFaultGoes),
  does('KVM_RUN (nested)', nestedInvalidL2),
  does('KVM_RUN (nested)', nestedWithoutMemory),
  does('KVM_RUN (nested)', nestedGuestModeFlag),
  ...pipelineEntries(vmxonPipeline),
  ...pipelineEntries(vmlaunchPipeline),
  does('VMLAUNCH, VMRESUME', vmxMsrListLength),
  ...pipelineEntries(vmrunPipeline),
  does('VMRUN', svmGifHolds),
  does('VMRUN', svmIntShadow),
  does('VMRUN', svmNextRip),
  does('VMRUN', svmNextRipLeft),
  does('VMLOAD, VMSAVE (L2)', svmVmloadVirt),
  does('KVM_GET_NESTED_STATE', svmIntShadowTold),
  does('KVM_GET_NESTED_STATE', svmNextRipTold),
  does('VMCALL (L2)', hypercallOfL2),
]
