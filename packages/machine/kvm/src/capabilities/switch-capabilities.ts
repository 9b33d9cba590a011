import { deedInForce } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { quirksSwitchedOff } from '../rules/enable-cap/quirks-switched-off.behaviour.ts'
import type { Vm } from '../vm.ts'
import type { VmCapabilities } from './enable-cap.ts'

const quirks2 = 213
const pause = 4n
/** KVM_BUS_LOCK_DETECTION_EXIT, KVM_PMU_CAP_DISABLE. */
const exits = 2n
const disablesPmu = 1n

/** Switches of a VM that something else asks for. */
export const switchCapabilities: VmCapabilities = {
  KVM_CAP_DISABLE_QUIRKS: (vm, [asked]) => disableQuirks(vm, asked),
  KVM_CAP_DISABLE_QUIRKS2: (vm, [asked]) => disableQuirks(vm, asked),
  KVM_CAP_X86_DISABLE_EXITS: disableExits,
  KVM_CAP_X86_BUS_LOCK_EXIT: ({ kvm, switches }, [mode]) => {
    if (kvm.facts.busLockExit && (mode & exits) !== 0n) switches.exitsOnBusLock = true
    return done(0)
  },
  KVM_CAP_EXIT_ON_EMULATION_FAILURE: ({ switches }, [on]) => {
    switches.exitsOnEmulationFailure = on !== 0n
    return done(0)
  },
  KVM_CAP_PMU_CAPABILITY: ({ switches }, [bits]) => {
    switches.hasPmu = (bits & disablesPmu) === 0n
    return done(0)
  },
  KVM_CAP_MAX_VCPU_ID: ({ switches }, [ids]) => {
    switches.idsOfVm = Number(ids)
    return done(0)
  },
  KVM_CAP_X86_NOTIFY_VMEXIT: ({ switches }, [asked]) => {
    switches.notify = { flags: Number(BigInt.asUintN(32, asked)), window: Number(asked >> 32n) }
    return done(0)
  },
  // memory here has no huge pages to do without
  KVM_CAP_VM_DISABLE_NX_HUGE_PAGES: () => done(0),
  KVM_CAP_HALT_POLL: ({ switches }, [nanoseconds]) => {
    switches.haltPoll = Number(nanoseconds)
    return done(0)
  },
}

function disableQuirks(vm: Vm, asked: bigint): Answer<number> {
  const { kvm, switches } = vm
  const supported = BigInt(vm.checkExtension(quirks2))
  const left = deedInForce(quirksSwitchedOff, kvm.profile)
  switches.quirksOff = left?.({ asked, supported, off: switches.quirksOff }) ?? asked
  return done(0)
}

/** What the host cannot give is forgotten, in releases that do not refuse it. */
function disableExits(vm: Vm, [asked]: readonly [bigint, ...bigint[]]): Answer<number> {
  const allowed = BigInt(vm.checkExtension(disableExitsNumber))
  vm.switches.exitsOff |= asked & (allowed | pause)
  return done(0)
}

const disableExitsNumber = 143
