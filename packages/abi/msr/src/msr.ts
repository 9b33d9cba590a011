import type { Field } from '@vmm/bits'
import type { Feature, VendorRules } from '@vmm/cpuid'
import type { Source } from '@vmm/source'

/** A field of an MSR. `needs` names the features any one of which brings it into being. */
export interface MsrField extends Field {
  readonly needs?: Feature | readonly Feature[]
  /** `'read-only'`: what a write puts here is ignored. */
  readonly access?: 'read-write' | 'read-only'
}

/** Where the value of an MSR lives, so that a vCPU can route an access. */
export type MsrHome =
  /** In the MSR file of this package. */
  | 'plain'
  /** Nowhere: a command, or a register that reads as a constant. */
  | 'nothing'
  | 'engine:EFER'
  | 'engine:STAR'
  | 'engine:LSTAR'
  | 'engine:CSTAR'
  | 'engine:FMASK'
  | 'engine:FS_BASE'
  | 'engine:GS_BASE'
  | 'engine:KERNEL_GS_BASE'
  | 'engine:TSC_AUX'
  | 'engine:SYSENTER_CS'
  | 'engine:SYSENTER_ESP'
  | 'engine:SYSENTER_EIP'
  | 'engine:XSS'
  | 'engine:U_CET'
  | 'engine:S_CET'
  | `engine:PL${0 | 1 | 2 | 3}_SSP`
  | 'engine:INTERRUPT_SSP_TABLE_ADDR'
  | 'engine:DEBUGCTL'
  | 'clock:TSC'
  | 'clock:TSC_ADJUST'
  | 'apic'
  | 'kvmclock'
  /** With whoever plays Hyper-V for this guest. */
  | 'hyperv'
  | 'pv:async-pf'
  | 'pv:steal-time'
  | 'pv:eoi'

/** Who reads or writes: the guest with RDMSR and WRMSR, or the host with KVM_GET_MSRS and KVM_SET_MSRS. */
export type Initiator = 'guest' | 'host'

/** What an MSR may ask of the CPU it is in. */
export interface MsrGuest {
  readonly has: (feature: Feature) => boolean
  readonly vendor: VendorRules
  /** MAXPHYADDR. */
  readonly physicalAddressWidth: number
  /** The value of another MSR that lives in the MSR file. */
  readonly peek: (index: number) => bigint
  /** Its performance monitoring unit; left out, it has none. */
  readonly perfmon?: PerfmonGuest | undefined
  /** There where CPUID says that it runs on Hyper-V. */
  readonly hyperV?: HyperVGuest | undefined
}

/** The performance monitoring unit of a guest, as CPUID leaf 0AH or 80000022H counts it. */
export interface PerfmonGuest {
  readonly version: number
  readonly generalCounters: number
  readonly fixedCounters: number
  /** Last branch records of the legacy kind. */
  readonly branchRecords?: number
}

/** What MSRs ask of a guest whose CPUID says that it runs on Hyper-V. */
export interface HyperVGuest {
  /** KVM_CAP_HYPERV_ENFORCE_CPUID is on: what CPUID does not grant does not exist for the guest. */
  readonly enforced: boolean
  /** KVM_CAP_HYPERV_SYNIC or KVM_CAP_HYPERV_SYNIC2 was enabled for this vCPU. */
  readonly synicActive: boolean
}

/**
 * Who may do what. `'read-only'`: a guest only reads, the host also writes. `'constant'`: nobody writes.
 * `'write-only'`: a command. `'host'`: the guest does neither.
 */
export type MsrAccessKind = 'read-write' | 'read-only' | 'constant' | 'write-only' | 'host'

/** What a write asks, and what surrounds it. Plain data: rules stay pure. */
export interface WriteRequest {
  readonly initiator: Initiator
  readonly before: bigint
  /** 64 bits, unsigned. */
  readonly after: bigint
  /** CR0.PG. */
  readonly cr0Paging: boolean
  /** 48, or 57 with CR4.LA57. */
  readonly linearAddressWidth: 48 | 57
}

/** A write as a rule sees it. */
export interface Write extends WriteRequest {
  readonly index: number
  readonly guest: MsrGuest
}

/** A reason to refuse a write. A refused WRMSR is #GP(0), and changes nothing. */
export interface WriteRule {
  /** What the rule demands, as a sentence. */
  readonly says: string
  readonly source: Source
  /** Whom it binds: the host may often write what a guest may not. */
  readonly binds: 'guest' | 'guest and host'
  readonly refuses: (write: Write) => boolean
}

/** One model-specific register. */
export interface Msr {
  readonly index: number
  /** The last index, for a run of registers that one owner keeps. */
  readonly last: number
  readonly name: string
  readonly source: Source
  readonly kept: MsrHome
  /** It exists for a guest that has any of these; empty: for every guest. */
  readonly needs: readonly Feature[]
  readonly vendor: VendorRules | 'any'
  readonly access: MsrAccessKind
  readonly reset: bigint
  /** What no present field names is reserved; `'any'`: all 64 bits are one value. */
  readonly fields: Readonly<Record<string, MsrField>> | 'any'
  readonly rules: readonly WriteRule[]
  /** The value kept, where that is not simply what was written. */
  readonly keeps: ((write: Write) => bigint) | undefined
  /** A further condition of its existence. */
  readonly exists: ((guest: MsrGuest) => boolean) | undefined
}

type MsrOptions = Partial<Omit<Msr, 'index' | 'name' | 'source' | 'kept'>>

/** Makes one row of the MSR tables; what is left out is the commonest. */
export function msr(index: number, name: string, source: Source, kept: MsrHome, options: MsrOptions = {}): Msr {
  return {
    index,
    last: index,
    name,
    source,
    kept,
    needs: [],
    vendor: 'any',
    access: 'read-write',
    reset: 0n,
    fields: 'any',
    rules: [],
    keeps: undefined,
    exists: undefined,
    ...options,
  }
}
