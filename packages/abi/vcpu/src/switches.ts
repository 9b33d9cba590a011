import type { HypercallInstruction } from '@vmm/hypercall'

/** What user space has switched for its VM, and what the processor of the host has: either may change while a vCPU lives. */
export interface VcpuSwitches {
  /** The hypercall instruction of the host's vendor; `either` where nobody minds which. */
  readonly hypercallInstruction: HypercallInstruction | 'either'
  /** Whose features what the guest does without KVM goes by: a processor does not know what its guest's CPUID says. */
  readonly processor: 'host' | 'guest'
  /** Whether a quirk is on, by its bit. */
  hasQuirk(bit: number): boolean
  /** A bit for each of KVM_X86_DISABLE_EXITS_* that the guest does by itself. */
  readonly exitsOff: bigint
  /** KVM_CAP_EXIT_ON_EMULATION_FAILURE. */
  readonly exitsOnEmulationFailure: boolean
}

/** Bits of quirks. Source: arch/x86/include/uapi/asm/kvm.h, KVM_X86_QUIRK_*. */
export const quirkBits = { out7e: 3, fixHypercall: 5, mwaitNeverFaults: 6 } as const

/** Source: include/uapi/linux/kvm.h, KVM_X86_DISABLE_EXITS_*. */
export const exitBits = { mwait: 1n, hlt: 2n, pause: 4n } as const

/** A vCPU that nobody has told anything: MONITOR and MWAIT work, and everything else is as when a VM is made. */
export const usualSwitches: VcpuSwitches = {
  hypercallInstruction: 'either',
  processor: 'guest',
  hasQuirk: () => true,
  exitsOff: exitBits.mwait,
  exitsOnEmulationFailure: false,
}
