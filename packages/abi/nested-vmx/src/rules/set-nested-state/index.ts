import type { Act, Behaviour, Check, End, Pipeline, Rule } from '@vmm/rule'
import { vmcbSteps, vmcsSteps } from '../../checks/consistency-rules.ts'
import { enlightenedChecks } from '../../checks/enlightened-checks.rows.ts'
import { entryExitChecks } from '../../checks/entry-exit-checks.rows.ts'
import { executionChecks } from '../../checks/execution-checks.rows.ts'
import { guestChecks } from '../../checks/guest-checks.rows.ts'
import { hostChecks } from '../../checks/host-checks.rows.ts'
import { vmcbControlChecks } from '../../checks/vmcb-control-checks.rows.ts'
import { vmcbSaveChecks } from '../../checks/vmcb-save-checks.rows.ts'
import type { SetNestedState } from './call.ts'
import { nestedStateFlags } from './nested-state-flags.rule.ts'
import { nestedStateFlagsEarly } from './nested-state-flags-early.rule.ts'
import { nestedStateFlagsWithMtf } from './nested-state-flags-with-mtf.rule.ts'
import { nestedStateHeaderFault } from './nested-state-header-fault.rule.ts'
import { nestedStatePendingWithoutL2 } from './nested-state-pending-without-l2.rule.ts'
import { nestedStateSize } from './nested-state-size.rule.ts'
import { nestedStateUnsupported } from './nested-state-unsupported.rule.ts'
import { nestedSvmFlags } from './nested-svm-flags.rule.ts'
import { nestedSvmFormat } from './nested-svm-format.rule.ts'
import { nestedSvmInL1 } from './nested-svm-in-l1.rule.ts'
import { nestedSvmL2Cr0Cache } from './nested-svm-l2-cr0-cache.rule.ts'
import { nestedSvmL2Cr3 } from './nested-svm-l2-cr3.rule.ts'
import { nestedSvmL2Entered } from './nested-svm-l2-entered.rule.ts'
import { nestedSvmL2InSmm } from './nested-svm-l2-in-smm.rule.ts'
import { nestedSvmLeft } from './nested-svm-left.rule.ts'
import { nestedSvmNoRoomForVmcb } from './nested-svm-no-room-for-vmcb.rule.ts'
import { nestedSvmOff } from './nested-svm-off.rule.ts'
import { nestedSvmOffWithoutGif } from './nested-svm-off-without-gif.rule.ts'
import { nestedSvmVmcbAddress } from './nested-svm-vmcb-address.rule.ts'
import { nestedSvmVmcbFault } from './nested-svm-vmcb-fault.rule.ts'
import { nestedVmxCurrent } from './nested-vmx-current.rule.ts'
import { nestedVmxDeadline } from './nested-vmx-deadline.rule.ts'
import { nestedVmxEntryDropped } from './nested-vmx-entry-dropped.rule.ts'
import { nestedVmxFormat } from './nested-vmx-format.rule.ts'
import { nestedVmxHeaderFlags } from './nested-vmx-header-flags.rule.ts'
import { nestedVmxInL1 } from './nested-vmx-in-l1.rule.ts'
import { nestedVmxL2Entered } from './nested-vmx-l2-entered.rule.ts'
import { nestedVmxL2InSmm } from './nested-vmx-l2-in-smm.rule.ts'
import { nestedVmxLeft } from './nested-vmx-left.rule.ts'
import { nestedVmxNoRoomForShadow } from './nested-vmx-no-room-for-shadow.rule.ts'
import { nestedVmxNoRoomForVmcs } from './nested-vmx-no-room-for-vmcs.rule.ts'
import { nestedVmxNoVmcs } from './nested-vmx-no-vmcs.rule.ts'
import { nestedVmxNotEnlightened } from './nested-vmx-not-enlightened.rule.ts'
import { nestedVmxNotInCpuid } from './nested-vmx-not-in-cpuid.rule.ts'
import { nestedVmxOff } from './nested-vmx-off.rule.ts'
import { nestedVmxOffFlags } from './nested-vmx-off-flags.rule.ts'
import { nestedVmxOffSmmFlags } from './nested-vmx-off-smm-flags.rule.ts'
import { nestedVmxOffVmcs } from './nested-vmx-off-vmcs.rule.ts'
import { nestedVmxOn } from './nested-vmx-on.rule.ts'
import { nestedVmxPendingKept } from './nested-vmx-pending-kept.rule.ts'
import { nestedVmxRevision } from './nested-vmx-revision.rule.ts'
import { nestedVmxShadowFault } from './nested-vmx-shadow-fault.rule.ts'
import { nestedVmxShadowKept } from './nested-vmx-shadow-kept.rule.ts'
import { nestedVmxShadowRevision } from './nested-vmx-shadow-revision.rule.ts'
import { nestedVmxSmmFlags } from './nested-vmx-smm-flags.rule.ts'
import { nestedVmxSmmFlagsOutside } from './nested-vmx-smm-flags-outside.rule.ts'
import { nestedVmxSmmKept } from './nested-vmx-smm-kept.rule.ts'
import { nestedVmxSmmL2WithoutVmxon } from './nested-vmx-smm-l2-without-vmxon.rule.ts'
import { nestedVmxTwoGuestModes } from './nested-vmx-two-guest-modes.rule.ts'
import { nestedVmxVmcsAddress } from './nested-vmx-vmcs-address.rule.ts'
import { nestedVmxVmcsFault } from './nested-vmx-vmcs-fault.rule.ts'
import { nestedVmxVmcsIsVmxon } from './nested-vmx-vmcs-is-vmxon.rule.ts'
import { nestedVmxVmcsKept } from './nested-vmx-vmcs-kept.rule.ts'
import { nestedVmxVmxonAddress } from './nested-vmx-vmxon-address.rule.ts'
import { nestedVmxWithoutVmcs } from './nested-vmx-without-vmcs.rule.ts'

const check = (rule: Rule<SetNestedState>): Check<SetNestedState> => ({ kind: 'check', rule })
const act = (behaviour: Behaviour<SetNestedState, SetNestedState>): Act<SetNestedState> => ({ kind: 'act', behaviour })
const end = (behaviour: Behaviour<SetNestedState, boolean>): End<SetNestedState> => ({ kind: 'end', behaviour })

/** What KVM_SET_NESTED_STATE asks on every processor, before the vendor module is. */
const common = [
  check(nestedStateUnsupported),
  check(nestedStateHeaderFault),
  check(nestedStateSize),
  check(nestedStateFlagsEarly),
  check(nestedStateFlagsWithMtf),
  check(nestedStateFlags),
  check(nestedStatePendingWithoutL2),
] as const

/** KVM_SET_NESTED_STATE on a processor with VMX. */
export const setVmxNestedStatePipeline: Pipeline<SetNestedState> = {
  call: 'KVM_SET_NESTED_STATE (VMX)',
  steps: [
    ...common,
    check(nestedVmxFormat),
    check(nestedVmxOffSmmFlags),
    check(nestedVmxOffVmcs),
    check(nestedVmxOffFlags),
    check(nestedVmxNotInCpuid),
    check(nestedVmxVmxonAddress),
    check(nestedVmxTwoGuestModes),
    check(nestedVmxSmmFlags),
    check(nestedVmxHeaderFlags),
    check(nestedVmxL2InSmm),
    check(nestedVmxSmmFlagsOutside),
    check(nestedVmxSmmL2WithoutVmxon),
    check(nestedVmxNotEnlightened),
    act(nestedVmxLeft),
    end(nestedVmxOff),
    act(nestedVmxOn),
    check(nestedVmxNoRoomForVmcs),
    end(nestedVmxWithoutVmcs),
    check(nestedVmxVmcsIsVmxon),
    check(nestedVmxVmcsAddress),
    check(nestedVmxNoVmcs),
    act(nestedVmxCurrent),
    act(nestedVmxSmmKept),
    check(nestedVmxVmcsFault),
    act(nestedVmxVmcsKept),
    check(nestedVmxRevision),
    end(nestedVmxInL1),
    act(nestedVmxPendingKept),
    check(nestedVmxNoRoomForShadow),
    check(nestedVmxShadowFault),
    act(nestedVmxShadowKept),
    check(nestedVmxShadowRevision),
    act(nestedVmxDeadline),
    ...vmcsSteps(executionChecks),
    ...vmcsSteps(entryExitChecks),
    ...vmcsSteps(enlightenedChecks),
    ...vmcsSteps(hostChecks),
    ...vmcsSteps(guestChecks),
    act(nestedVmxL2Entered),
  ],
  undo: nestedVmxEntryDropped,
}

/** KVM_SET_NESTED_STATE on a processor with SVM. */
export const setSvmNestedStatePipeline: Pipeline<SetNestedState> = {
  call: 'KVM_SET_NESTED_STATE (SVM)',
  steps: [
    ...common,
    check(nestedSvmFormat),
    check(nestedSvmFlags),
    check(nestedSvmOffWithoutGif),
    check(nestedSvmOff),
    check(nestedSvmL2InSmm),
    act(nestedSvmLeft),
    end(nestedSvmInL1),
    check(nestedSvmVmcbAddress),
    check(nestedSvmNoRoomForVmcb),
    check(nestedSvmVmcbFault),
    ...vmcbSteps(vmcbControlChecks),
    check(nestedSvmL2Cr0Cache),
    ...vmcbSteps(vmcbSaveChecks),
    act(nestedSvmL2Entered),
    check(nestedSvmL2Cr3),
  ],
}
