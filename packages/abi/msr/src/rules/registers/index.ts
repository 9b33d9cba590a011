import { behaviourEntry, type Entry, type Pipeline } from '@vmm/rule'
import type { MsrCall, MsrError } from '../../kvm-call.ts'
import { addressCanonicalForGuest } from './address-canonical-for-guest.rule.ts'
import { addressCanonicalForHost } from './address-canonical-for-host.rule.ts'
import { apicBaseReserved } from './apic-base-reserved.rule.ts'
import { apicBaseTransition } from './apic-base-transition.rule.ts'
import { archCapAbsent } from './arch-cap-absent.rule.ts'
import { archCapGuestRead } from './arch-cap-guest-read.rule.ts'
import { archCapGuestWrite } from './arch-cap-guest-write.rule.ts'
import { archCapGuestWriteUnsupported } from './arch-cap-guest-write-unsupported.rule.ts'
import { asyncPfAcknowledged } from './async-pf-acknowledged.rule.ts'
import { asyncPfByExit } from './async-pf-by-exit.rule.ts'
import { asyncPfByInterrupt } from './async-pf-by-interrupt.rule.ts'
import { asyncPfIntWithoutApic } from './async-pf-int-without-apic.rule.ts'
import { asyncPfReserved } from './async-pf-reserved.rule.ts'
import { asyncPfUnmapped } from './async-pf-unmapped.rule.ts'
import { asyncPfWithoutApic } from './async-pf-without-apic.rule.ts'
import { bndcfgsDirectory } from './bndcfgs-directory.rule.ts'
import { bndcfgsUnsupported } from './bndcfgs-unsupported.rule.ts'
import { cetControls } from './cet-controls.rule.ts'
import { cetGuestLacksIt } from './cet-guest-lacks-it.rule.ts'
import { counterControls } from './counter-controls.rule.ts'
import { deCfgGuestChangesIt } from './de-cfg-guest-changes-it.rule.ts'
import { deCfgGuestDiffersFromHost } from './de-cfg-guest-differs-from-host.rule.ts'
import { deCfgUnsupported } from './de-cfg-unsupported.rule.ts'
import { debugctlAmdDropped } from './debugctl-amd-dropped.rule.ts'
import { debugctlAmdReserved } from './debugctl-amd-reserved.rule.ts'
import { debugctlAmdSingleStep } from './debugctl-amd-single-step.rule.ts'
import { debugctlKept } from './debugctl-kept.rule.ts'
import { debugctlUnsupported } from './debugctl-unsupported.rule.ts'
import { eferGuestLacksFeature } from './efer-guest-lacks-feature.rule.ts'
import { eferLmaKept } from './efer-lma-kept.rule.ts'
import { eferUnsupportedBits } from './efer-unsupported-bits.rule.ts'
import { featureControlByCpuid } from './feature-control-by-cpuid.rule.ts'
import { featureControlByCpuidForHost } from './feature-control-by-cpuid-for-host.rule.ts'
import { featureControlUnsupportedBits } from './feature-control-unsupported-bits.rule.ts'
import { flushCmd } from './flush-cmd.rule.ts'
import { globalStatusGuestWrite } from './global-status-guest-write.rule.ts'
import { hsavePage } from './hsave-page.rule.ts'
import { hsavePageKept } from './hsave-page-kept.rule.ts'
import { hwcrBits } from './hwcr-bits.rule.ts'
import { hwcrCleared } from './hwcr-cleared.rule.ts'
import { hwcrIgnoredBits } from './hwcr-ignored-bits.rule.ts'
import { hwcrStatusOnly } from './hwcr-status-only.rule.ts'
import { hyperVApic } from './hyper-v-apic.rule.ts'
import { hyperVApicUpperHalf } from './hyper-v-apic-upper-half.rule.ts'
import { hyperVAssistPage } from './hyper-v-assist-page.rule.ts'
import { hyperVDirectTimer } from './hyper-v-direct-timer.rule.ts'
import { hyperVHypercallPage } from './hyper-v-hypercall-page.rule.ts'
import { hyperVIcrReserved } from './hyper-v-icr-reserved.rule.ts'
import { hyperVNotBuilt } from './hyper-v-not-built.rule.ts'
import { hyperVSynicOff } from './hyper-v-synic-off.rule.ts'
import { hyperVTells } from './hyper-v-tells.rule.ts'
import { hyperVVpIndex } from './hyper-v-vp-index.rule.ts'
import { icCfgWithoutCpuid } from './ic-cfg-without-cpuid.rule.ts'
import { mceBeyondBanks } from './mce-beyond-banks.rule.ts'
import { mcgCtlAllOrNone } from './mcg-ctl-all-or-none.rule.ts'
import { mcgCtlWithoutIt } from './mcg-ctl-without-it.rule.ts'
import { mciCtlAllOrNone } from './mci-ctl-all-or-none.rule.ts'
import { mciCtl2WithoutCmci } from './mci-ctl2-without-cmci.rule.ts'
import { mciStatusCleared } from './mci-status-cleared.rule.ts'
import { migrationControlUnhandled } from './migration-control-unhandled.rule.ts'
import { miscEnableEmon } from './misc-enable-emon.rule.ts'
import { miscEnableMwait } from './misc-enable-mwait.rule.ts'
import { cpuidFaulting } from './misc-features-enables-faulting.rule.ts'
import { msrCommandRead } from './msr-command-read.rule.ts'
import { msrGuestLacksIt } from './msr-guest-lacks-it.rule.ts'
import { msrNoHandler } from './msr-no-handler.rule.ts'
import { msrNobodyHasIt } from './msr-nobody-has-it.rule.ts'
import { msrOwnDemands } from './msr-own-demands.rule.ts'
import { msrReadOnly } from './msr-read-only.rule.ts'
import { msrReservedBits } from './msr-reserved-bits.rule.ts'
import { msrWrittenConstant } from './msr-written-constant.rule.ts'
import { patMemoryTypes } from './pat-memory-types.rule.ts'
import { perfCapAbsent } from './perf-cap-absent.rule.ts'
import { perfCapBranchFormat } from './perf-cap-branch-format.rule.ts'
import { perfCapGuestRead } from './perf-cap-guest-read.rule.ts'
import { perfCapGuestWrite } from './perf-cap-guest-write.rule.ts'
import { perfCapNeedsPmu } from './perf-cap-needs-pmu.rule.ts'
import { perfCapPebs } from './perf-cap-pebs.rule.ts'
import { perfCapUnsupported } from './perf-cap-unsupported.rule.ts'
import { platformInfoFaultInUse } from './platform-info-fault-in-use.rule.ts'
import { platformInfoHidden } from './platform-info-hidden.rule.ts'
import { pollControlEnable } from './poll-control-enable.rule.ts'
import { predCmdBarrier } from './pred-cmd-barrier.rule.ts'
import { predCmdGuestLacksIt } from './pred-cmd-guest-lacks-it.rule.ts'
import { predCmdOneBarrier } from './pred-cmd-one-barrier.rule.ts'
import { pvEoiUnmapped } from './pv-eoi-unmapped.rule.ts'
import { pvMsrAbsentInvalid } from './pv-msr-absent-invalid.rule.ts'
import { pvMsrAbsentUnsupported } from './pv-msr-absent-unsupported.rule.ts'
import { rowKeeps } from './row-keeps.rule.ts'
import { setsOff } from './sets-off.rule.ts'
import { sgxHashLocked } from './sgx-hash-locked.rule.ts'
import { shadowStackGuestLacksIt } from './shadow-stack-guest-lacks-it.rule.ts'
import { shadowStackPointer } from './shadow-stack-pointer.rule.ts'
import { smbaseWithoutSmm } from './smbase-without-smm.rule.ts'
import { specCtrlUnsupported } from './spec-ctrl-unsupported.rule.ts'
import { stealTimeNotCounted } from './steal-time-not-counted.rule.ts'
import { sysenterCsKept } from './sysenter-cs-kept.rule.ts'
import { sysenterMadeCanonical } from './sysenter-made-canonical.rule.ts'
import { sysenterUpperHalf } from './sysenter-upper-half.rule.ts'
import { traceNotInGuests } from './trace-not-in-guests.rule.ts'
import { tscAuxCutOff } from './tsc-aux-cut-off.rule.ts'
import { tscAuxGuestLacksIt } from './tsc-aux-guest-lacks-it.rule.ts'
import { tscAuxHostLacksIt } from './tsc-aux-host-lacks-it.rule.ts'
import { tscAuxUpperHalf } from './tsc-aux-upper-half.rule.ts'
import { tscRatioWithoutScaling } from './tsc-ratio-without-scaling.rule.ts'
import { tsxCtrlNotTold } from './tsx-ctrl-not-told.rule.ts'
import { vendorTold } from './vendor-told.rule.ts'
import { vmCrSticky } from './vm-cr-sticky.rule.ts'
import { vmCrWhileSvm } from './vm-cr-while-svm.rule.ts'
import { vmxBasic } from './vmx-basic.rule.ts'
import { vmxControls } from './vmx-controls.rule.ts'
import { vmxControlsTold } from './vmx-controls-told.rule.ts'
import { vmxFixed0 } from './vmx-fixed-0.rule.ts'
import { vmxFixed1Told } from './vmx-fixed-1-told.rule.ts'
import { vmxMisc } from './vmx-misc.rule.ts'
import { vmxMsrAfterVmxon } from './vmx-msr-after-vmxon.rule.ts'
import { vmxMsrDerived } from './vmx-msr-derived.rule.ts'
import { vmxMsrGuestWrite } from './vmx-msr-guest-write.rule.ts'
import { vmxSubset } from './vmx-subset.rule.ts'
import { writesForgotten } from './writes-forgotten.rule.ts'
import { x2apicAccess } from './x2apic-access.rule.ts'
import { x2apicMode } from './x2apic-mode.rule.ts'
import { xenHypercallMsr } from './xen-hypercall-msr.rule.ts'
import { xfdSubset } from './xfd-subset.rule.ts'
import { xssAbsent } from './xss-absent.rule.ts'
import { xssGuestLacksXsaves } from './xss-guest-lacks-xsaves.rule.ts'
import { xssGuestRead } from './xss-guest-read.rule.ts'
import { xssGuestSubset } from './xss-guest-subset.rule.ts'
import { xssHostSubset } from './xss-host-subset.rule.ts'

const check = <R>(rule: R) => ({ kind: 'check', rule }) as const
const act = <B>(behaviour: B) => ({ kind: 'act', behaviour }) as const

/** A write of an MSR, by a guest or by KVM_SET_MSRS, up to what the register keeps. */
export const registerWrite: Pipeline<MsrCall, MsrError> = {
  call: 'WRMSR',
  steps: [
    check(addressCanonicalForGuest),
    check(addressCanonicalForHost),
    check(tscAuxHostLacksIt),
    check(tscAuxGuestLacksIt),
    check(tscAuxUpperHalf),
    check(cetGuestLacksIt),
    check(cetControls),
    check(shadowStackGuestLacksIt),
    check(shadowStackPointer),
    check(migrationControlUnhandled),
    act(sysenterMadeCanonical),
    act(tscAuxCutOff),
    act(sysenterUpperHalf),
    act(sysenterCsKept),
    check(msrNoHandler),
    check(hyperVNotBuilt),
    check(msrWrittenConstant),
    check(msrCommandRead),
    check(msrGuestLacksIt),
    check(msrNobodyHasIt),
    check(pvMsrAbsentInvalid),
    check(pvMsrAbsentUnsupported),
    check(msrReadOnly),
    check(smbaseWithoutSmm),
    check(msrReservedBits),
    check(mceBeyondBanks),
    check(mcgCtlWithoutIt),
    check(mciCtl2WithoutCmci),
    check(pollControlEnable),
    check(cpuidFaulting),
    check(patMemoryTypes),
    check(mciStatusCleared),
    check(mcgCtlAllOrNone),
    check(mciCtlAllOrNone),
    check(msrOwnDemands),
    check(eferUnsupportedBits),
    check(eferGuestLacksFeature),
    check(featureControlByCpuid),
    check(featureControlByCpuidForHost),
    check(featureControlUnsupportedBits),
    check(sgxHashLocked),
    check(vmxMsrGuestWrite),
    check(vmxMsrAfterVmxon),
    check(vmxMsrDerived),
    check(vmxBasic),
    check(vmxControls),
    check(vmxMisc),
    check(vmxFixed0),
    check(vmxSubset),
    check(archCapGuestWrite),
    check(archCapGuestWriteUnsupported),
    check(archCapGuestRead),
    check(archCapAbsent),
    check(perfCapGuestWrite),
    check(perfCapGuestRead),
    check(perfCapAbsent),
    check(perfCapNeedsPmu),
    check(perfCapBranchFormat),
    check(perfCapPebs),
    check(perfCapUnsupported),
    check(platformInfoFaultInUse),
    check(platformInfoHidden),
    check(miscEnableMwait),
    check(tsxCtrlNotTold),
    check(specCtrlUnsupported),
    check(predCmdGuestLacksIt),
    check(predCmdBarrier),
    check(predCmdOneBarrier),
    check(flushCmd),
    check(xfdSubset),
    check(xssGuestLacksXsaves),
    check(xssGuestRead),
    check(xssAbsent),
    check(xssHostSubset),
    check(xssGuestSubset),
    check(bndcfgsUnsupported),
    check(bndcfgsDirectory),
    check(debugctlUnsupported),
    check(debugctlAmdReserved),
    act(hwcrIgnoredBits),
    check(hwcrStatusOnly),
    check(hwcrBits),
    act(vmCrSticky),
    check(vmCrWhileSvm),
    check(hsavePage),
    act(hsavePageKept),
    check(deCfgUnsupported),
    check(deCfgGuestDiffersFromHost),
    check(deCfgGuestChangesIt),
    check(tscRatioWithoutScaling),
    check(apicBaseReserved),
    check(apicBaseTransition),
    check(x2apicMode),
    check(x2apicAccess),
    check(traceNotInGuests),
    check(globalStatusGuestWrite),
    check(counterControls),
    check(asyncPfReserved),
    check(asyncPfByExit),
    check(asyncPfByInterrupt),
    check(asyncPfWithoutApic),
    check(asyncPfUnmapped),
    check(asyncPfIntWithoutApic),
    check(stealTimeNotCounted),
    check(pvEoiUnmapped),
    check(hyperVVpIndex),
    check(hyperVApic),
    check(hyperVApicUpperHalf),
    check(hyperVIcrReserved),
    check(hyperVSynicOff),
    check(hyperVDirectTimer),
    check(hyperVHypercallPage),
    check(hyperVAssistPage),
    act(hwcrCleared),
    act(eferLmaKept),
    act(miscEnableEmon),
    act(debugctlKept),
    act(debugctlAmdDropped),
    act(debugctlAmdSingleStep),
    act(hyperVTells),
    act(writesForgotten),
    act(rowKeeps),
    act(asyncPfAcknowledged),
    act(setsOff),
  ],
}

/** A read of an MSR, by a guest or by KVM_GET_MSRS. */
export const registerRead: Pipeline<MsrCall, MsrError> = {
  call: 'RDMSR',
  steps: [
    check(tscAuxHostLacksIt),
    check(tscAuxGuestLacksIt),
    check(cetGuestLacksIt),
    check(shadowStackGuestLacksIt),
    check(msrNoHandler),
    check(hyperVNotBuilt),
    check(msrCommandRead),
    check(msrGuestLacksIt),
    check(msrNobodyHasIt),
    check(pvMsrAbsentInvalid),
    check(pvMsrAbsentUnsupported),
    check(msrReadOnly),
    check(smbaseWithoutSmm),
    check(archCapGuestRead),
    check(archCapAbsent),
    check(perfCapGuestRead),
    check(perfCapAbsent),
    check(platformInfoHidden),
    check(tsxCtrlNotTold),
    check(xssGuestLacksXsaves),
    check(xssGuestRead),
    check(mceBeyondBanks),
    check(mcgCtlWithoutIt),
    check(mciCtl2WithoutCmci),
    check(x2apicMode),
    check(x2apicAccess),
    check(traceNotInGuests),
    check(hyperVSynicOff),
    check(hyperVApic),
    check(icCfgWithoutCpuid),
    check(bndcfgsUnsupported),
    act(vmxControlsTold),
    act(vmxFixed1Told),
  ],
}

/** Promises about registers that are asked for by themselves. */
export const registerEntries: readonly Entry[] = [
  behaviourEntry('WRMSR', xenHypercallMsr),
  behaviourEntry('WRMSR', vendorTold),
]
