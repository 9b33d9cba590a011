import { type CpuidTable, type Feature, findEntry, has as hasFeature, lookup } from '@vmm/cpuid'
import { allowedCr4 } from './reset.ts'
import { edxAfterReset } from './rules/reset/edx-after-reset.rule.ts'

/** What a table without leaf 80000008H says. Source: arch/x86/kvm/cpuid.c cpuid_query_maxphyaddr. */
const defaultPhysicalAddressWidth = 36

/** What of the host shows in a vCPU's registers. */
export interface VcpuHost {
  /** What the host's module drives the processor with: VMX, SVM, or nothing of the kind. */
  readonly drivenBy: 'vmx' | 'svm' | 'software'
  /** The components of XSAVE that the host's kernel saves, as bits of XCR0. */
  readonly components: bigint
  /** The bits of CR4 that KVM has on it; a processor without them refuses its guests what their CPUID offers. */
  readonly cr4: bigint
  /** MXCSR.MM exists. */
  readonly misalignedSse: boolean
}

/** A host of which nothing is told. */
const anyHost: VcpuHost = { drivenBy: 'software', components: 3n, cr4: ~0n, misalignedSse: false }

/** What may be said of a guest beside its table. */
export interface GuestOverrides {
  readonly has?: ((feature: Feature) => boolean) | undefined
  readonly physicalAddressWidth?: number | undefined
  /** Whether there is system-management mode; there is, unless told. */
  readonly smm?: boolean | undefined
  readonly host?: VcpuHost | undefined
}

/** What a guest's table does not decide alone. */
export interface TableLimits {
  /** Bits of physical addresses that page walks go by; left out, MAXPHYADDR. */
  readonly walkedAddressWidth?: number | undefined
  /** The bits of XCR0 that KVM knows how to save; left out, all. */
  readonly knownXcr0?: bigint | undefined
}

/** The processor that a guest sees: its CPUID table, and what follows from it. The table may be replaced. */
export class Guest {
  #table: CpuidTable
  #overrides: GuestOverrides
  #limits: TableLimits = {}
  /** CONFIG_KVM_SMM. */
  readonly smm: boolean
  readonly host: VcpuHost
  readonly #known = new Map<Feature, boolean>()
  #allowedCr4: bigint | undefined

  constructor(table: CpuidTable, overrides: GuestOverrides) {
    this.#table = table
    this.#overrides = overrides
    this.smm = overrides.smm ?? true
    this.host = overrides.host ?? anyHost
  }

  get table(): CpuidTable {
    return this.#table
  }

  /** Another table: what was said beside the old one no longer holds. */
  replaceTable(table: CpuidTable, limits: TableLimits): void {
    this.#table = table
    this.#limits = limits
    this.#overrides = {}
    if (this.#known.size > 0) this.#known.clear()
    this.#allowedCr4 = undefined
  }

  /** Bits of physical addresses that page walks go by, if it is not MAXPHYADDR. */
  get walkedAddressWidth(): number | undefined {
    return this.#limits.walkedAddressWidth
  }

  readonly has = (feature: Feature): boolean => {
    const known = this.#known.get(feature)
    if (known !== undefined) return known
    const found = this.#tells(feature)
    this.#known.set(feature, found)
    return found
  }

  /** The bits of CR4 that its features bring. */
  get allowedCr4(): bigint {
    this.#allowedCr4 ??= allowedCr4(this.#tells)
    return this.#allowedCr4
  }

  readonly #tells = (feature: Feature): boolean => this.#overrides.has?.(feature) ?? hasFeature(this.#table, feature)

  /** MAXPHYADDR, as leaf 80000008H tells it. */
  get physicalAddressWidth(): number {
    if (this.#overrides.physicalAddressWidth !== undefined) return this.#overrides.physicalAddressWidth
    const told = (findEntry(this.#table, 0x8000_0008, 0)?.eax ?? 0) & 0xff
    return told === 0 ? defaultPhysicalAddressWidth : told
  }

  /** Family, model and stepping as leaf 1 tells them: what a reset leaves in RDX. */
  get signature(): number {
    return edxAfterReset.versions[0].does(this.#table)
  }

  /** The bits of XCR0 that leaf 0DH offers, as far as KVM knows how to save them. */
  get supportedXcr0(): bigint {
    const { eax, edx } = lookup(this.#table, 0x0d, 0, 'intel')
    const offered = (BigInt(edx >>> 0) << 32n) | BigInt(eax >>> 0)
    const { knownXcr0 = offered } = this.#limits
    return offered & knownXcr0
  }
}
