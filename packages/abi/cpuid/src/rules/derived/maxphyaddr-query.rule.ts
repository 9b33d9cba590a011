import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type CpuidTable, entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { findLeaf, type KernelLookup } from '../kernel-lookup.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { derived } from './derive.ts'

function maxPhyAddr(table: CpuidTable, lookup: KernelLookup): number {
  const highest = findLeaf(table, 0x8000_0000, lookup)?.eax ?? 0
  const sizes = highest >= 0x8000_0008 ? findLeaf(table, 0x8000_0008, lookup) : undefined
  return sizes === undefined ? 36 : sizes.eax & 0xff
}

const wide = aCall({ stored: [entry(0x8000_0000, { eax: 0x8000_0008 }), entry(0x8000_0008, { eax: 0x3039 })] })

/** As wide as the table says, also where that is wider than the host's. */
export const maxphyaddrQuery = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'maxphyaddr-query',
  catalogue: 'maxphyaddr-query',
  says: 'MAXPHYADDR is EAX[7:0] of leaf 80000008H, if the table says that it goes that far, and 36 otherwise',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'cpuid_query_maxphyaddr', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => derived(call, { maxPhyAddr: maxPhyAddr(call.stored, call.lookup) }),
      witness: { in: wide, out: derived(wide, { maxPhyAddr: 0x39 }) },
    },
  ],
})
