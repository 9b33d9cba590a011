import type { CpuidTable } from '../../entry.ts'
import type { SetCpuidHost } from '../../set-cpuid-call.ts'
import { findLeaf, type KernelLookup } from '../kernel-lookup.ts'

/** "Hv#1". Source: HYPERV_CPUID_SIGNATURE_EAX. */
const interfaceSignature = 0x3123_7648

/** Whether a table says that the guest is Hyper-V's, and this kernel can be that. */
export function hasHyperv(table: CpuidTable, host: SetCpuidHost, lookup: KernelLookup): boolean {
  return host.hyperv && findLeaf(table, 0x4000_0001, lookup)?.eax === interfaceSignature
}
