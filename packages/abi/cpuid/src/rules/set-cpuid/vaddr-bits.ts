import type { CpuidTable } from '../../entry.ts'
import { findLeaf, type KernelLookup } from '../kernel-lookup.ts'

/** Whether a table tells of a width of virtual addresses that KVM's canonical checks do not know. */
export function hasOddVaddrWidth(table: CpuidTable, lookup: KernelLookup): boolean {
  const sizes = findLeaf(table, 0x8000_0008, lookup)
  const bits = ((sizes?.eax ?? 0) >>> 8) & 0xff
  return bits !== 0 && bits !== 48 && bits !== 57
}
