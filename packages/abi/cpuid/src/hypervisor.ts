import { type CpuidTable, findEntry } from './entry.ts'
import type { Hypervisor } from './leaf.ts'
import { charactersOf } from './text.ts'

/** The first leaf of the hypervisors' range; further ones begin at each multiple of 100H up to 4000FF00H. */
export const firstHypervisorLeaf = 0x4000_0000

const hypervisorStep = 0x100
const lastHypervisorBase = 0x4000_ff00

/**
 * The signatures as KVM looks for them and as guests do: EBX, ECX, EDX of the first leaf.
 *
 * Source: arch/x86/include/uapi/asm/kvm_para.h; arch/x86/include/asm/xen/cpuid.h; TLFS 2.4; KVM's own answer to
 * KVM_GET_SUPPORTED_HV_CPUID calls itself Linux KVM Hv.
 */
const signatures: readonly (readonly [string, Hypervisor])[] = [
  ['KVMKVMKVM\0\0\0', 'kvm'],
  ['Microsoft Hv', 'hyperv'],
  ['Linux KVM Hv', 'hyperv'],
  ['XenVMMXenVMM', 'xen'],
]

/** The signature that a hypervisor's first leaf holds in EBX, ECX and EDX, 12 characters. */
export function signatureOfHypervisor(hypervisor: Hypervisor): string {
  return signatures.find(([, signed]) => signed === hypervisor)![0]
}

/** Whether a leaf is in the hypervisors' range. */
export function isHypervisorLeaf(leaf: number): boolean {
  return leaf >= firstHypervisorLeaf && leaf <= 0x4fff_ffff
}

/** Whose leaf this is in a table; `undefined` outside the hypervisors' range, and for hypervisors that no row describes. */
export function hypervisorOf(table: CpuidTable, leaf: number): Hypervisor | undefined {
  return isHypervisorLeaf(leaf) ? signedAt(table, (leaf & 0xffff_ff00) >>> 0) : undefined
}

/**
 * Where a hypervisor's leaves begin in a table: the first base with its signature. `undefined` when there is none.
 *
 * Source: arch/x86/kvm/cpuid.c, kvm_get_hypervisor_cpuid.
 */
export function hypervisorBase(table: CpuidTable, hypervisor: Hypervisor): number | undefined {
  const bases = table
    .map(({ function: leaf }) => leaf)
    .filter((leaf) => leaf >= firstHypervisorLeaf && leaf <= lastHypervisorBase && leaf % hypervisorStep === 0)
    .sort((a, b) => a - b)
  return bases.find((base) => signedAt(table, base) === hypervisor)
}

/** The first base that no hypervisor of this table uses. */
export function freeHypervisorBase(table: CpuidTable): number {
  let base = firstHypervisorLeaf
  while (findEntry(table, base, 0) !== undefined) base += hypervisorStep
  return base
}

function signedAt(table: CpuidTable, base: number): Hypervisor | undefined {
  const found = findEntry(table, base, 0)
  if (found === undefined) return undefined
  const text = [found.ebx, found.ecx, found.edx].map(charactersOf).join('')
  return signatures.find(([signature]) => signature === text)?.[1]
}
