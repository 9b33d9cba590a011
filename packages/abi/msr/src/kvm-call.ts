import type { Feature, VendorRules } from '@vmm/cpuid'
import type { HyperVGuest, Initiator, Msr, MsrGuest, PerfmonGuest } from './msr.ts'

/**
 * How a handler of KVM fails: `'invalid'` (it returned 1: #GP for a guest), `'unsupported'` (there is no such register
 * for this vCPU), or an error number. KVM_SET_MSRS shows none of them, only how many entries came before; a guest's
 * exit to user space tells the first two apart.
 */
export type MsrError = 'invalid' | 'unsupported' | 'EINVAL' | 'EBUSY'

/** Features that somebody has: a `ReadonlySet` of them, or whoever can be asked. */
export interface OwnFeatures {
  has(feature: Feature): boolean
  /** How many: none of a vCPU that has no CPUID. */
  readonly size: number
}

/** What registers hold, by index: a `ReadonlyMap`, or whoever can be asked. Undefined: as after reset. */
export interface HeldValues {
  get(index: number): bigint | undefined
}

/** What the kernel that serves a VM looks like to the handlers of MSRs. */
export interface MsrHost {
  readonly module: 'kvm_intel' | 'kvm_amd'
  /** Features of the processor, by the kernel's view of it. */
  readonly features: ReadonlySet<Feature>
  /** The widest linear addresses of the hardware. */
  readonly linearAddressWidth: 48 | 57
  /** What KVM tells of feature MSRs, by index. See `featureMsrs`. */
  readonly featureMsrs: ReadonlyMap<number, bigint>
  /** Bits of IA32_XSS that KVM supports. */
  readonly xss: bigint
  /** Bits of IA32_EFER that KVM supports. */
  readonly efer: bigint
  /** Module parameters and options of the build that MSRs depend on. */
  readonly ignoreMsrs: boolean
  readonly tracesGuests: boolean
  readonly branchVirtualization: boolean
  readonly smm: boolean
  readonly stealTime: boolean
  /** CONFIG_KVM_HYPERV; left out, it is set. */
  readonly hyperV?: boolean
}

/** What a VM has been told that MSRs depend on. */
export interface MsrVm {
  /** KVM_CAP_ENFORCE_PV_FEATURE_CPUID. */
  readonly enforcePvCpuid: boolean
  /** KVM_CAP_MSR_PLATFORM_INFO: a guest may read MSR_PLATFORM_INFO. */
  readonly guestReadsPlatformInfo: boolean
  /** KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT is on: IA32_MISC_ENABLE.MWAIT does not change CPUID. */
  readonly quirkMiscEnableNoMwait: boolean
  /** The MSR that KVM_XEN_HVM_CONFIG chose; 0: none. */
  readonly xenMsr: number
  /** Whether a range of guest-physical addresses lies in one memory slot. */
  readonly isMapped: (gpa: bigint, bytes: number) => boolean
}

/** What a vCPU is and holds, as far as MSRs ask. */
export interface MsrVcpu {
  readonly features: OwnFeatures
  /** Whose processor its CPUID says it is compatible with. */
  readonly vendor: VendorRules
  /** Its family, model and vendor are those of the host. */
  readonly isHostModel: boolean
  readonly physicalAddressWidth: number
  /** 57 while CR4.LA57 is set. */
  readonly linearAddressWidth: 48 | 57
  /** CR0.PG. */
  readonly paging: boolean
  /** What its registers hold, by index. */
  readonly values: HeldValues
  readonly hasRun: boolean
  /** A nested guest runs. */
  readonly l2Active: boolean
  /** VMXON was executed. */
  readonly vmxOn: boolean
  /** Where its local APIC is, and its mode if the kernel keeps it. */
  readonly localApic: 'user space' | 'disabled' | 'xapic' | 'x2apic'
  /** The timer of its local APIC is in TSC-deadline mode; left out, it is not. */
  readonly deadlineMode?: boolean
  /** Dynamic features of XCR0 that CPUID and permission allow. */
  readonly dynamicFeatures: bigint
  /** Bits of IA32_XSS that CPUID allows. */
  readonly xss: bigint
  readonly perfmon?: PerfmonGuest | undefined
  readonly hyperV?: HyperVGuest | undefined
}

/** One access to one MSR, and all that KVM decides it by. */
export interface MsrCall {
  readonly access: 'read' | 'write'
  readonly index: number
  /** What is written, 64 bits; steps of the call may change it to what is kept. 0 for a read. */
  readonly data: bigint
  readonly initiator: Initiator
  /** The register as this kernel has it; none where no handler knows the index. */
  readonly row: Msr | undefined
  readonly vcpu: MsrVcpu
  readonly vm: MsrVm
  readonly host: MsrHost
  /** The access succeeds and leaves the register as it was. */
  readonly drops?: boolean
  /** What is read, where it follows from something else than what the register holds. */
  readonly told?: bigint
  /** What else the access sets off. */
  readonly effects?: readonly MsrEffect[]
}

/** What an access sets off besides what the register holds. */
export type MsrEffect =
  | 'recompute CPUID'
  | 'leave nested operation'
  | 'change TSC offset'
  | 'write Xen hypercall page'
  | 'write wall clock'
  | 'refresh the PMU'
  | 'toggle hypercall page'
  | 'change the reference page'
  | 'acknowledge page ready'
  | 'exit: Hyper-V crash'
  | 'exit: Hyper-V reset'

/** What a register holds: what the vCPU keeps, or its value after reset. */
export function valueIn({ vcpu, row, index: own }: Pick<MsrCall, 'vcpu' | 'row' | 'index'>, index = own): bigint {
  return vcpu.values.get(index) ?? (row !== undefined && own === index ? row.reset : 0n)
}

/** Whether the guest's CPUID has a feature. Paravirtual features are only asked for where the VM enforces them. */
export function guestHas({ vcpu, vm }: Pick<MsrCall, 'vcpu' | 'vm'>, feature: Feature): boolean {
  if (feature.startsWith('KVM_FEATURE_') && !vm.enforcePvCpuid) return true
  return vcpu.features.has(feature)
}

/** The guest as the conditions of rows see it. */
export function guestOf(call: MsrCall): MsrGuest {
  return new GuestOfCall(call)
}

/** What is not asked for, most of the time, is not computed. */
class GuestOfCall implements MsrGuest {
  readonly #call: MsrCall

  constructor(call: MsrCall) {
    this.#call = call
  }

  readonly has = (feature: Feature): boolean => guestHas(this.#call, feature)

  readonly peek = (index: number): bigint => this.#call.vcpu.values.get(index) ?? 0n

  get vendor(): VendorRules {
    return this.#call.vcpu.vendor
  }

  get physicalAddressWidth(): number {
    return this.#call.vcpu.physicalAddressWidth
  }

  get perfmon(): PerfmonGuest | undefined {
    return this.#call.vcpu.perfmon
  }

  get hyperV(): HyperVGuest | undefined {
    return this.#call.vcpu.hyperV
  }
}

/** Whether a bit is set. */
export function bitOf(value: bigint, bit: number): boolean {
  return ((value >> BigInt(bit)) & 1n) === 1n
}

export const isGuestWrite = ({ access, initiator }: MsrCall): boolean => access === 'write' && initiator === 'guest'
export const isHostWrite = ({ access, initiator }: MsrCall): boolean => access === 'write' && initiator === 'host'
export const isWriteOf = (call: MsrCall, index: number): boolean => call.access === 'write' && call.index === index

/** Whether the local APIC is in the kernel. */
export const apicInKernel = ({ vcpu }: MsrCall): boolean => vcpu.localApic !== 'user space'
