import type { CpuidTable } from '../entry.ts'
import { findLeaf, type KernelLookup } from './kernel-lookup.ts'

/** Where a hypervisor's leaves are in a table, as KVM remembers it: base 0 means nowhere. */
export interface HypervisorBase {
  readonly base: number
  /** The highest leaf that the first one tells of. */
  readonly limit: number
}

/** No leaves of that hypervisor. */
export const nowhere: HypervisorBase = { base: 0, limit: 0 }

const wordsOf = (signature: string): readonly number[] =>
  [0, 4, 8].map((at) => [3, 2, 1, 0].reduce((word, i) => word * 256 + signature.charCodeAt(at + i), 0))

const signatures = { kvm: wordsOf('KVMKVMKVM\0\0\0'), xen: wordsOf('XenVMMXenVMM') } as const

/**
 * Where KVM finds its own leaves, or Xen's: the lowest of 40000000H, 40000100H … 4000FF00H with that signature.
 *
 * Source: arch/x86/kvm/cpuid.c, kvm_get_hypervisor_cpuid.
 */
export function findHypervisor(
  table: CpuidTable,
  hypervisor: keyof typeof signatures,
  lookup: KernelLookup,
): HypervisorBase {
  const [ebx, ecx, edx] = signatures[hypervisor]
  let found = nowhere
  for (let at = 0; at < table.length; at++) {
    const leaf = table[at]!.function
    if (leaf < 0x4000_0000 || leaf > 0x4000_ff00 || (leaf & 0xff) !== 0) continue
    if (found.base !== 0 && leaf >= found.base) continue
    const first = findLeaf(table, leaf, lookup)
    if (first?.ebx === ebx && first?.ecx === ecx && first?.edx === edx) found = { base: leaf, limit: first?.eax ?? 0 }
  }
  return found
}
