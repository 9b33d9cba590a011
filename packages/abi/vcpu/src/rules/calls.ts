import type {
  KvmClockData,
  KvmDebugregs,
  KvmMpState,
  KvmRegs,
  KvmSregs,
  KvmSregs2,
  KvmVcpuEvents,
  KvmXcrs,
} from '@vmm/kvm-uapi'

/** What KVM_SET_REGS looks at and leaves. */
export interface SetRegsCall {
  readonly given: Pick<KvmRegs, 'rip' | 'rflags'>
  readonly rflags: bigint
  /** An exception that was raised and not yet delivered. */
  readonly exceptionPending: boolean
}

/** What a guest may have in its system registers, by its CPUID table. */
export interface RegisterLimits {
  /** The bits of CR4 that the guest may set. */
  readonly cr4: bigint
  /** The bits of CR4 that KVM has on this host. */
  readonly hostCr4: bigint
  /** The bits of EFER that the guest may set. */
  readonly efer: bigint
  readonly xsave: boolean
  readonly physicalAddressWidth: number
}

type SystemRegisters = Pick<KvmSregs, 'cr0' | 'cr3' | 'cr4' | 'efer' | 'apic_base' | 'interrupt_bitmap'> & {
  readonly cs: Pick<KvmSregs['cs'], 'l'>
}

/** What KVM_SET_SREGS and KVM_SET_SREGS2 look at and leave. */
export interface SetSregsCall {
  readonly given: SystemRegisters
  /** Of KVM_SET_SREGS2: KVM_SREGS2_FLAGS_*. */
  readonly flags: KvmSregs2['flags']
  readonly limits: RegisterLimits
  /** Whether the local APIC takes the base from a host: its own rules. */
  readonly apicBaseIsValid: boolean
  /** Whether the registers have been set. */
  readonly applied: boolean
  /** The vector that is queued then. */
  readonly queued: number | undefined
}

/** What KVM_SET_DEBUGREGS looks at. */
export interface SetDebugregsCall {
  readonly given: Pick<KvmDebugregs, 'dr6' | 'dr7' | 'flags'>
}

/** What KVM_SET_VCPU_EVENTS looks at and leaves. */
export interface SetEventsCall {
  readonly given: Pick<KvmVcpuEvents, 'flags' | 'exception' | 'exception_has_payload' | 'smi'>
  /** KVM_CAP_EXCEPTION_PAYLOAD was switched on. */
  readonly payloadEnabled: boolean
  /** KVM_CAP_X86_TRIPLE_FAULT_EVENT was switched on. */
  readonly tripleFaultEnabled: boolean
  /** CONFIG_KVM_SMM. */
  readonly hasSmm: boolean
  /** The vCPU has had INIT, and waits for SIPI. */
  readonly waitsForSipi: boolean
  /** How far the events have been set: what is refused late stays set. */
  readonly applied: 'nothing' | 'exception, interrupt and NMI' | 'all but a triple fault'
}

/** What KVM_GET_VCPU_EVENTS tells of NMIs. */
export interface GetEventsCall {
  /** Those that wait. */
  readonly nmis: number
  readonly told: number
}

/** What KVM_SET_MP_STATE looks at and leaves. */
export interface SetMpStateCall {
  readonly given: KvmMpState
  readonly localApic: boolean
  readonly inSmm: boolean
  readonly smiPending: boolean
  /** INIT and SIPI are held back: by SMM, VMX root operation, or a clear GIF. */
  readonly initBlocked: boolean
  readonly stored: number
  /** A SIPI is left pending. */
  readonly sipiPending: boolean
}

/** MONITOR or MWAIT of a guest. */
export interface MwaitCall {
  /** Whether they come to KVM: KVM_X86_DISABLE_EXITS_MWAIT has not been asked for. */
  readonly exits: boolean
  /** Whether the guest's CPUID has them. */
  readonly listed: boolean
  /** KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS. */
  readonly quirk: boolean
}

/** What comes of it: the processor does it, nobody does anything, or #UD. */
export type MwaitOutcome = 'works' | 'nothing' | 'invalid'

/** OUT, for which user space is to be asked. */
export interface OutCall {
  readonly port: number
  /** KVM_X86_QUIRK_OUT_7E_INC_RIP. */
  readonly quirk: boolean
}

/** An instruction that cannot be emulated: what becomes of it. */
export interface EmulationFailsCall {
  /** KVM_CAP_EXIT_ON_EMULATION_FAILURE was switched on. */
  readonly asked: boolean
  readonly cpl: number
  /** Whether #UD is raised, and whether user space is told. */
  readonly raised: boolean
  readonly exits: boolean
}

/** What becomes of a processor on its way into SMM. */
export interface EnterSmmCall {
  /** Whether the save area could be written. */
  readonly written: boolean
  /** KVM_X86_SHADOW_INT_*: what there is, and what is saved of it. */
  readonly shadow: number
  /** The shadow-stack pointer of a guest with shadow stacks, and what is saved of it, and given back; undefined: nothing. */
  readonly ssp: bigint | undefined
}

/** What KVM_GET_LAPIC and KVM_SET_LAPIC look at and leave. */
export interface LapicCall {
  readonly localApic: boolean
  readonly x2apicMode: boolean
  /** KVM_X2APIC_API_USE_32BIT_IDS was switched on. */
  readonly longIds: boolean
  /** The APIC ID register of the page: what is given, or what would be told. */
  readonly givenId: number
  /** The vCPU's x2APIC ID. */
  readonly x2apicId: number
  /** The ID that the APIC has afterwards. */
  readonly storedId: number
}

/** What KVM_SET_XCRS looks at and leaves. */
export interface SetXcrsCall {
  readonly given: Pick<KvmXcrs, 'nr_xcrs' | 'flags' | 'xcrs'>
  readonly hostHasXsave: boolean
  /** The components that the guest's CPUID offers and KVM supports. */
  readonly supportedXcr0: bigint
  readonly xcr0: bigint
}

/** What KVM_GET_XSAVE looks at and tells. */
export interface GetXsaveCall {
  /** Bytes of the guest's area, with the components that it may have. */
  readonly areaBytes: number
  /** The components that the host's kernel saves, and what of them is told. */
  readonly hostComponents: bigint
  readonly toldComponents: bigint
}

/** What KVM_SET_XSAVE looks at. */
export interface SetXsaveCall {
  /** XSTATE_BV of the area's header. */
  readonly present: bigint
  /** XCOMP_BV. */
  readonly compacted: bigint
  /** Whether a reserved byte of the header is set. */
  readonly reservedBytes: boolean
  readonly mxcsr: number
  readonly mxcsrMask: number
  /** The components that KVM supports on this host. */
  readonly supported: bigint
}

/** What KVM_INTERRUPT looks at and leaves. */
export interface InterruptCall {
  readonly irq: number
  readonly irqchip: 'none' | 'split' | 'full'
  /** The vector that waits for the vCPU to take it from user space's PIC. */
  readonly external: number | undefined
  /** The vector that is delivered next. */
  readonly injected: number | undefined
}

/** What KVM_NMI looks at and leaves. */
export interface NmiCall {
  readonly pending: number
  /** NMIs are masked, or one is being delivered. */
  readonly blocked: boolean
}

/** What KVM_SMI looks at. */
export interface SmiCall {
  /** CONFIG_KVM_SMM. */
  readonly hasSmm: boolean
}

/** What KVM_SET_SIGNAL_MASK looks at: how the address given turned out. */
export interface SignalMaskCall {
  readonly address: 'null' | 'usable' | 'faults' | 'mask faults'
  readonly length: number
  /** Bits of the mask; none where signals are not masked. */
  readonly given: bigint
  readonly stored: bigint | undefined
}

/** What KVM_SET_GUEST_DEBUG looks at and leaves. */
export interface GuestDebugCall {
  readonly control: number
  readonly exceptionPending: boolean
  readonly inForce: number
}

/** What KVM_TPR_ACCESS_REPORTING looks at. */
export interface TprAccessCall {
  readonly flags: number
}

/** What KVM_SET_TSC_KHZ looks at, in kHz; 0 asks for the host's rate. */
export interface SetTscKhzCall {
  readonly given: number
  readonly hostKhz: number
  /** The processor can scale the TSC. */
  readonly scaling: boolean
  readonly mostKhz: number
  /** kvm.tsc_tolerance_ppm. */
  readonly tolerancePpm: number
  /** A vCPU has been made. */
  readonly hasVcpus: boolean
}

/** What KVM_KVMCLOCK_CTRL looks at. */
export interface KvmclockCtrlCall {
  /** The guest has switched its clock on. */
  readonly clockActive: boolean
}

/** What KVM_SET_CLOCK looks at. */
export interface SetClockCall {
  readonly given: Pick<KvmClockData, 'flags'>
}

/** What KVM_HAS_DEVICE_ATTR and its like look at on a vCPU. */
export interface VcpuAttributeCall {
  readonly group: number
  readonly attr: bigint
  /** The value's address can be read or written. */
  readonly usable: boolean
}

/** What KVM_RUN looks at of the registers in `kvm_run`. */
export interface SyncRegsCall {
  readonly valid: bigint
  readonly dirty: bigint
}

/** What KVM_TRANSLATE looks at and tells. */
export interface TranslateCall {
  /** Where the guest's page tables lead, for its kernel; undefined where they do not. */
  readonly physical: bigint | undefined
  readonly told: {
    readonly physical: bigint
    readonly valid: number
    readonly writeable: number
    readonly usermode: number
  }
}
