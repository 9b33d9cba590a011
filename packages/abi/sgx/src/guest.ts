import { type CpuidEntry, type CpuidTable, type Feature, findEntry, has } from '@vmm/cpuid'

/** What of a vCPU, its VM and the processor below decides about enclaves. */
export interface SgxGuest {
  /** The guest's CPUID table. */
  readonly table: CpuidTable
  /** The XCR0 bits that the guest may set. */
  readonly supportedXcr0: bigint
  /** IA32_FEATURE_CONTROL. */
  readonly featureControl: bigint
  /** CR0.PG. */
  readonly paging: boolean
  /** KVM_CAP_SGX_ATTRIBUTE was enabled with /dev/sgx_provision: enclaves may have the provisioning key. */
  readonly provisioning: boolean
  /** kvm_intel.sgx, where the kernel is built with CONFIG_X86_SGX_KVM. */
  readonly module: 'on' | 'off'
  /** The processor's own CPUID table. */
  readonly hardware: CpuidTable
  /** Where the guest is a nested one: the ENCLS-exiting bitmap of L1, if L1 uses it. */
  readonly l1Bitmap?: bigint
}

/** An exception that the guest gets, or KVM_EXIT_INTERNAL_ERROR of suberror KVM_INTERNAL_ERROR_EMULATION. */
export type SgxError = '#UD' | '#GP' | '#PF' | 'internal error'

/** IA32_FEATURE_CONTROL, bits 0 and 18. Source: SDM 4, Table 2-2, IA32_FEATURE_CONTROL. */
export const featureControl = { locked: 1n, sgx: 1n << 18n, launchControl: 1n << 17n } as const

/** Whether the guest's table has a feature. */
export function shows({ table }: Pick<SgxGuest, 'table'>, feature: Feature): boolean {
  return has(table, feature)
}

/** Whether firmware has switched SGX on, as the guest's IA32_FEATURE_CONTROL says. */
export function isEnabled(guest: Pick<SgxGuest, 'featureControl'>): boolean {
  const bits = featureControl.locked | featureControl.sgx
  return (guest.featureControl & bits) === bits
}

/** Leaf 12H of a table, sub-leaf 0 (what there is) or 1 (what may be asked for). */
export function leaf12(table: CpuidTable, subleaf: 0 | 1): CpuidEntry | undefined {
  return findEntry(table, 0x12, subleaf)
}
