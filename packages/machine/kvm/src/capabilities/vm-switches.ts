import type { Host } from '@vmm/cpuid'
import type { VcpuSwitches } from '@vmm/vcpu'
import type { EventFd } from '../event-fd.ts'

/** What user space has switched on or off for a VM, and that others ask for. */
export class VmSwitches {
  #quirksOff = 0n
  /** The same of the quirks with the first 32 numbers, which are all that there are. */
  #quirksOffByNumber = 0
  /** A bit for each of KVM_X86_DISABLE_EXITS_*: MWAIT, HLT, PAUSE, C-states. Once a guest may, it may for good. */
  exitsOff = 0n
  /** Ids of vCPUs are less than this; 0: as KVM has it. */
  idsOfVm = 0
  /** KVM_CAP_EXIT_ON_EMULATION_FAILURE. */
  exitsOnEmulationFailure = false
  /** KVM_CAP_PMU_CAPABILITY has not taken performance monitoring away. */
  hasPmu = true
  /** Locks of the bus come to user space. */
  exitsOnBusLock = false
  /** Nanoseconds that the kernel polls for work; none: as the module has it. */
  haltPoll: number | undefined
  /** KVM_X86_NOTIFY_VMEXIT_*, and the window in cycles. */
  notify: { readonly flags: number; readonly window: number } | undefined

  /** Which events guests may count; none: all. */
  eventFilter:
    | { readonly action: 'allow' | 'deny'; readonly flags: number; readonly events: readonly bigint[] }
    | undefined
  /** What Hyper-V's HvSignalEvent signals, by connection. */
  readonly connections = new Map<number, EventFd>()

  /** A bit for each quirk that is off. */
  get quirksOff(): bigint {
    return this.#quirksOff
  }

  set quirksOff(off: bigint) {
    this.#quirksOff = off
    this.#quirksOffByNumber = Number(BigInt.asIntN(32, off))
  }

  /** Whether a quirk is on: it is not among those that are off. */
  hasQuirk(bit: number): boolean {
    return (this.#quirksOffByNumber & (1 << bit)) === 0
  }
}

/** What of them its vCPUs go by, whenever they look. */
export function switchesOf(switches: VmSwitches, vendorModule: Host['vendorModule']): VcpuSwitches {
  return {
    hypercallInstruction: vendorModule === 'kvm_amd' ? 'VMMCALL' : 'VMCALL',
    processor: 'host',
    hasQuirk: (bit) => switches.hasQuirk(bit),
    get exitsOff() {
      return switches.exitsOff
    },
    get exitsOnEmulationFailure() {
      return switches.exitsOnEmulationFailure
    },
  }
}
