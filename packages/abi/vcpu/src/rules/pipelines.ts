import type { Act, Behaviour, Check, Pipeline, Rule } from '@vmm/rule'
import type {
  EmulationFailsCall,
  EnterSmmCall,
  GetEventsCall,
  GetXsaveCall,
  GuestDebugCall,
  InterruptCall,
  KvmclockCtrlCall,
  LapicCall,
  NmiCall,
  SetClockCall,
  SetDebugregsCall,
  SetEventsCall,
  SetMpStateCall,
  SetRegsCall,
  SetSregsCall,
  SetTscKhzCall,
  SetXcrsCall,
  SetXsaveCall,
  SignalMaskCall,
  SmiCall,
  SyncRegsCall,
  TprAccessCall,
  TranslateCall,
  VcpuAttributeCall,
} from './calls.ts'
import { debugregsDr6 } from './debugregs/debugregs-dr6.rule.ts'
import { debugregsDr7 } from './debugregs/debugregs-dr7.rule.ts'
import { debugregsFlags } from './debugregs/debugregs-flags.rule.ts'
import { emulationFails } from './emulation/run-emul-fail.rule.ts'
import { eventsTellsNmis } from './get-events/events-tells-nmis.rule.ts'
import { xsaveGetLegacySize } from './get-xsave/xsave-get-legacy-size.rule.ts'
import { xsaveTellsHost } from './get-xsave/xsave-tells-host.rule.ts'
import { guestDebugBusy } from './guest-debug/guest-debug-busy.rule.ts'
import { guestDebugOff } from './guest-debug/guest-debug-off.rule.ts'
import { interruptFullIrqchip } from './interrupt/interrupt-full-irqchip.rule.ts'
import { interruptOneWaits } from './interrupt/interrupt-one-waits.rule.ts'
import { interruptQueued } from './interrupt/interrupt-queued.rule.ts'
import { interruptVector } from './interrupt/interrupt-vector.rule.ts'
import { kvmclockNotActive } from './kvmclock-ctrl/kvmclock-not-active.rule.ts'
import { lapicAbsent } from './lapic/lapic-absent.rule.ts'
import { lapicLongId } from './lapic/lapic-long-id.rule.ts'
import { lapicShortId } from './lapic/lapic-short-id.rule.ts'
import { mpStateInitBlocked } from './mp-state/mp-state-init-blocked.rule.ts'
import { mpStateInitInSmm } from './mp-state/mp-state-init-in-smm.rule.ts'
import { mpStateSipiWaits } from './mp-state/mp-state-sipi-waits.rule.ts'
import { mpStateUnknown } from './mp-state/mp-state-unknown.rule.ts'
import { mpStateWithoutApic } from './mp-state/mp-state-without-apic.rule.ts'
import { nmiPending } from './nmi/nmi-pending.rule.ts'
import { regsDropsPending } from './regs/regs-drops-pending.rule.ts'
import { regsFixedBit } from './regs/regs-fixed-bit.rule.ts'
import { clockAnyFlag } from './set-clock/clock-any-flag.rule.ts'
import { clockFlags } from './set-clock/clock-flags.rule.ts'
import { sigmaskCopy } from './signal-mask/sigmask-copy.rule.ts'
import { sigmaskHeader } from './signal-mask/sigmask-header.rule.ts'
import { sigmaskLength } from './signal-mask/sigmask-length.rule.ts'
import { sigmaskStored } from './signal-mask/sigmask-stored.rule.ts'
import { smiNotBuilt } from './smi/smi-not-built.rule.ts'
import { smmKeepsShadow } from './smi/smm-keeps-shadow.rule.ts'
import { smmKeepsSsp } from './smi/smm-keeps-ssp.rule.ts'
import { smmSaveFails } from './smi/smm-save-fails.rule.ts'
import { sregsActiveWithoutLongMode } from './sregs/sregs-active-without-long-mode.rule.ts'
import { sregsApicBase } from './sregs/sregs-apic-base.rule.ts'
import { sregsApplied } from './sregs/sregs-applied.rule.ts'
import { sregsCr0NwWithoutCd } from './sregs/sregs-cr0-nw-without-cd.rule.ts'
import { sregsCr0PgWithoutPe } from './sregs/sregs-cr0-pg-without-pe.rule.ts'
import { sregsCr0Upper } from './sregs/sregs-cr0-upper.rule.ts'
import { sregsCr3Width } from './sregs/sregs-cr3-width.rule.ts'
import { sregsCr4HostReserved } from './sregs/sregs-cr4-host-reserved.rule.ts'
import { sregsCr4Osxsave } from './sregs/sregs-cr4-osxsave.rule.ts'
import { sregsCr4Reserved } from './sregs/sregs-cr4-reserved.rule.ts'
import { sregsEfer } from './sregs/sregs-efer.rule.ts'
import { sregsLongCodeSegment } from './sregs/sregs-long-code-segment.rule.ts'
import { sregsLongModeInactive } from './sregs/sregs-long-mode-inactive.rule.ts'
import { sregsLongModeWithoutPae } from './sregs/sregs-long-mode-without-pae.rule.ts'
import { sregsQueuesLowest } from './sregs/sregs-queues-lowest.rule.ts'
import { sregs2Flags } from './sregs2/sregs2-flags.rule.ts'
import { sregs2PdptrsWithoutPae } from './sregs2/sregs2-pdptrs-without-pae.rule.ts'
import { syncRegsUnknown } from './sync-regs/sync-regs-unknown.rule.ts'
import { tprAccessFlags } from './tpr-access/tpr-access-flags.rule.ts'
import { translateTells } from './translate/translate-tells.rule.ts'
import { tscKhzTooFast } from './tsc-khz/tsc-khz-too-fast.rule.ts'
import { tscKhzTooSlow } from './tsc-khz/tsc-khz-too-slow.rule.ts'
import { vcpuAttributeAddress } from './vcpu-attribute/vcpu-attribute-address.rule.ts'
import { vcpuAttributeGroup } from './vcpu-attribute/vcpu-attribute-group.rule.ts'
import { vcpuAttributeUnknown } from './vcpu-attribute/vcpu-attribute-unknown.rule.ts'
import { eventsApplied } from './vcpu-events/events-applied.rule.ts'
import { eventsAppliedFirst } from './vcpu-events/events-applied-first.rule.ts'
import { eventsExceptionNumber } from './vcpu-events/events-exception-number.rule.ts'
import { eventsFlags } from './vcpu-events/events-flags.rule.ts'
import { eventsFlagsWithoutTripleFault } from './vcpu-events/events-flags-without-triple-fault.rule.ts'
import { eventsPayloadNotEnabled } from './vcpu-events/events-payload-not-enabled.rule.ts'
import { eventsRaisedOrDelivered } from './vcpu-events/events-raised-or-delivered.rule.ts'
import { eventsSmmNotBuilt } from './vcpu-events/events-smm-not-built.rule.ts'
import { eventsSmmWaitingForSipi } from './vcpu-events/events-smm-waiting-for-sipi.rule.ts'
import { eventsTripleFaultNotEnabled } from './vcpu-events/events-triple-fault-not-enabled.rule.ts'
import { vmTscKhzAfterVcpu } from './vm-tsc-khz/vm-tsc-khz-after-vcpu.rule.ts'
import { vmTscKhzTooFast } from './vm-tsc-khz/vm-tsc-khz-too-fast.rule.ts'
import { xcr0AvxWithoutSse } from './xcrs/xcr0-avx-without-sse.rule.ts'
import { xcr0Avx512WithoutAvx } from './xcrs/xcr0-avx512-without-avx.rule.ts'
import { xcr0HalfAmx } from './xcrs/xcr0-half-amx.rule.ts'
import { xcr0HalfMpx } from './xcrs/xcr0-half-mpx.rule.ts'
import { xcr0PartOfAvx512 } from './xcrs/xcr0-part-of-avx512.rule.ts'
import { xcr0Unsupported } from './xcrs/xcr0-unsupported.rule.ts'
import { xcr0WithoutX87 } from './xcrs/xcr0-without-x87.rule.ts'
import { xcrsFlags } from './xcrs/xcrs-flags.rule.ts'
import { xcrsSetsTheFirst } from './xcrs/xcrs-sets-the-first.rule.ts'
import { xcrsTooMany } from './xcrs/xcrs-too-many.rule.ts'
import { xcrsWithoutXsave } from './xcrs/xcrs-without-xsave.rule.ts'
import { xsaveCompacted } from './xsave/xsave-compacted.rule.ts'
import { xsaveMxcsr } from './xsave/xsave-mxcsr.rule.ts'
import { xsaveReserved } from './xsave/xsave-reserved.rule.ts'
import { xsaveUnsupported } from './xsave/xsave-unsupported.rule.ts'

/** A step that may refuse. */
const check = <State>(rule: Rule<State>): Check<State> => ({ kind: 'check', rule })
const act = <State>(behaviour: Behaviour<State, State>): Act<State> => ({ kind: 'act', behaviour })

/** KVM_SET_REGS as its steps, in the kernel’s order. */
export const setRegsPipeline: Pipeline<SetRegsCall> = {
  call: 'KVM_SET_REGS',
  steps: [act(regsFixedBit), act(regsDropsPending)],
}

/** KVM_SET_SREGS as its steps, in the kernel’s order. */
export const setSregsPipeline: Pipeline<SetSregsCall> = {
  call: 'KVM_SET_SREGS',
  steps: [
    check(sregsLongModeWithoutPae),
    check(sregsLongModeInactive),
    check(sregsCr3Width),
    check(sregsActiveWithoutLongMode),
    check(sregsLongCodeSegment),
    check(sregsCr4Osxsave),
    check(sregsCr4HostReserved),
    check(sregsCr4Reserved),
    check(sregsCr0Upper),
    check(sregsCr0NwWithoutCd),
    check(sregsCr0PgWithoutPe),
    check(sregsEfer),
    check(sregsApicBase),
    act(sregsApplied),
    act(sregsQueuesLowest),
  ],
}

/** KVM_SET_SREGS2: two steps more, and no vector that waits. */
export const setSregs2Pipeline: Pipeline<SetSregsCall> = {
  call: 'KVM_SET_SREGS2',
  steps: [
    check(sregs2Flags),
    check(sregs2PdptrsWithoutPae),
    check(sregsLongModeWithoutPae),
    check(sregsLongModeInactive),
    check(sregsCr3Width),
    check(sregsActiveWithoutLongMode),
    check(sregsLongCodeSegment),
    check(sregsCr4Osxsave),
    check(sregsCr4HostReserved),
    check(sregsCr4Reserved),
    check(sregsCr0Upper),
    check(sregsCr0NwWithoutCd),
    check(sregsCr0PgWithoutPe),
    check(sregsEfer),
    check(sregsApicBase),
    act(sregsApplied),
  ],
}

/** KVM_SET_DEBUGREGS as its steps, in the kernel’s order. */
export const setDebugregsPipeline: Pipeline<SetDebugregsCall> = {
  call: 'KVM_SET_DEBUGREGS',
  steps: [check(debugregsFlags), check(debugregsDr6), check(debugregsDr7)],
}

/** KVM_SET_VCPU_EVENTS as its steps, in the kernel’s order. */
export const setVcpuEventsPipeline: Pipeline<SetEventsCall> = {
  call: 'KVM_SET_VCPU_EVENTS',
  steps: [
    check(eventsFlagsWithoutTripleFault),
    check(eventsFlags),
    check(eventsPayloadNotEnabled),
    act(eventsRaisedOrDelivered),
    check(eventsExceptionNumber),
    check(eventsSmmWaitingForSipi),
    act(eventsAppliedFirst),
    check(eventsSmmNotBuilt),
    act(eventsApplied),
    check(eventsTripleFaultNotEnabled),
  ],
}

/** KVM_GET_VCPU_EVENTS as its steps, in the kernel’s order. */
export const getVcpuEventsPipeline: Pipeline<GetEventsCall> = {
  call: 'KVM_GET_VCPU_EVENTS',
  steps: [act(eventsTellsNmis)],
}

/** KVM_SET_MP_STATE as its steps, in the kernel’s order. */
export const setMpStatePipeline: Pipeline<SetMpStateCall> = {
  call: 'KVM_SET_MP_STATE',
  steps: [
    check(mpStateUnknown),
    check(mpStateWithoutApic),
    check(mpStateInitInSmm),
    check(mpStateInitBlocked),
    act(mpStateSipiWaits),
  ],
}

/** KVM_GET_LAPIC as its steps, in the kernel’s order. */
export const getLapicPipeline: Pipeline<LapicCall> = {
  call: 'KVM_GET_LAPIC',
  steps: [check(lapicAbsent), check(lapicLongId)],
}

/** KVM_SET_LAPIC as its steps, in the kernel’s order. */
export const setLapicPipeline: Pipeline<LapicCall> = {
  call: 'KVM_SET_LAPIC',
  steps: [check(lapicAbsent), check(lapicLongId), act(lapicShortId)],
}

/** KVM_SET_XCRS as its steps, in the kernel’s order. */
export const setXcrsPipeline: Pipeline<SetXcrsCall> = {
  call: 'KVM_SET_XCRS',
  steps: [
    check(xcrsWithoutXsave),
    check(xcrsTooMany),
    check(xcrsFlags),
    check(xcr0WithoutX87),
    check(xcr0AvxWithoutSse),
    check(xcr0Unsupported),
    check(xcr0HalfMpx),
    check(xcr0Avx512WithoutAvx),
    check(xcr0PartOfAvx512),
    check(xcr0HalfAmx),
    act(xcrsSetsTheFirst),
  ],
}

/** KVM_GET_XSAVE as its steps, in the kernel’s order. */
export const getXsavePipeline: Pipeline<GetXsaveCall> = {
  call: 'KVM_GET_XSAVE',
  steps: [check(xsaveGetLegacySize), act(xsaveTellsHost)],
}

/** KVM_SET_XSAVE as its steps, in the kernel’s order. */
export const setXsavePipeline: Pipeline<SetXsaveCall> = {
  call: 'KVM_SET_XSAVE',
  steps: [check(xsaveUnsupported), check(xsaveCompacted), check(xsaveReserved), check(xsaveMxcsr)],
}

/** KVM_INTERRUPT as its steps, in the kernel’s order. */
export const interruptPipeline: Pipeline<InterruptCall> = {
  call: 'KVM_INTERRUPT',
  steps: [check(interruptVector), check(interruptFullIrqchip), check(interruptOneWaits), act(interruptQueued)],
}

/** KVM_NMI as its steps, in the kernel’s order. */
export const nmiPipeline: Pipeline<NmiCall> = {
  call: 'KVM_NMI',
  steps: [act(nmiPending)],
}

/** KVM_SMI as its steps, in the kernel’s order. */
export const smiPipeline: Pipeline<SmiCall> = {
  call: 'KVM_SMI',
  steps: [check(smiNotBuilt)],
}

/** KVM_SET_SIGNAL_MASK as its steps, in the kernel’s order. */
export const setSignalMaskPipeline: Pipeline<SignalMaskCall> = {
  call: 'KVM_SET_SIGNAL_MASK',
  steps: [check(sigmaskHeader), check(sigmaskLength), check(sigmaskCopy), act(sigmaskStored)],
}

/** KVM_SET_GUEST_DEBUG as its steps, in the kernel’s order. */
export const setGuestDebugPipeline: Pipeline<GuestDebugCall> = {
  call: 'KVM_SET_GUEST_DEBUG',
  steps: [check(guestDebugBusy), act(guestDebugOff)],
}

/** KVM_TPR_ACCESS_REPORTING as its steps, in the kernel’s order. */
export const tprAccessPipeline: Pipeline<TprAccessCall> = {
  call: 'KVM_TPR_ACCESS_REPORTING',
  steps: [check(tprAccessFlags)],
}

/** KVM_SET_TSC_KHZ as its steps, in the kernel’s order. */
export const setTscKhzPipeline: Pipeline<SetTscKhzCall> = {
  call: 'KVM_SET_TSC_KHZ',
  steps: [check(tscKhzTooFast), check(tscKhzTooSlow)],
}

/** KVM_SET_TSC_KHZ as its steps, in the kernel’s order. */
export const setVmTscKhzPipeline: Pipeline<SetTscKhzCall> = {
  call: 'KVM_SET_TSC_KHZ',
  steps: [check(vmTscKhzTooFast), check(vmTscKhzAfterVcpu)],
}

/** KVM_KVMCLOCK_CTRL as its steps, in the kernel’s order. */
export const kvmclockCtrlPipeline: Pipeline<KvmclockCtrlCall> = {
  call: 'KVM_KVMCLOCK_CTRL',
  steps: [check(kvmclockNotActive)],
}

/** KVM_SET_CLOCK as its steps, in the kernel’s order. */
export const setClockPipeline: Pipeline<SetClockCall> = {
  call: 'KVM_SET_CLOCK',
  steps: [check(clockAnyFlag), check(clockFlags)],
}

/** KVM_GET_DEVICE_ATTR as its steps, in the kernel’s order. */
export const vcpuAttributePipeline: Pipeline<VcpuAttributeCall> = {
  call: 'KVM_GET_DEVICE_ATTR',
  steps: [check(vcpuAttributeGroup), check(vcpuAttributeUnknown), check(vcpuAttributeAddress)],
}

/** KVM_RUN as its steps, in the kernel’s order. */
export const syncRegsPipeline: Pipeline<SyncRegsCall> = {
  call: 'KVM_RUN',
  steps: [check(syncRegsUnknown)],
}

/** KVM_TRANSLATE as its steps, in the kernel’s order. */
export const translatePipeline: Pipeline<TranslateCall> = {
  call: 'KVM_TRANSLATE',
  steps: [act(translateTells)],
}

/** An SMI that is taken, in KVM_RUN, as its steps. */
export const enterSmmPipeline: Pipeline<EnterSmmCall> = {
  call: 'KVM_RUN',
  steps: [act(smmKeepsShadow), act(smmKeepsSsp), check(smmSaveFails)],
}

/** An instruction that cannot be emulated, in KVM_RUN, as its steps. */
export const emulationFailsPipeline: Pipeline<EmulationFailsCall> = {
  call: 'KVM_RUN',
  steps: [act(emulationFails)],
}
