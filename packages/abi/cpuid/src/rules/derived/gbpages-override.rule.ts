import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { type CpuidTable, entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { bitOf, findLeaf, type KernelLookup } from '../kernel-lookup.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { after612 } from '../set-cpuid/where-read.ts'
import { derived } from './derive.ts'

const told = (table: CpuidTable, lookup: KernelLookup) => bitOf(findLeaf(table, 0x8000_0001, lookup)?.edx ?? 0, 26)

const asks = aCall({
  stored: [entry(0x8000_0001, { edx: 1 << 26 })],
  host: { ...aCall().host, tdp: true, gbpages: false },
})

/** The hardware's walker cannot be told otherwise. */
export const gbpagesOverride = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'gbpages-override',
  catalogue: 'gbpages-override',
  says: 'whether the bit of 1-GByte pages is reserved in the page tables of a guest is decided with its CPUID table',
  sources: [after612],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.6'),
      says: 'as the table says',
      does: (call) => derived(call, { gbpages: told(call.stored, call.lookup) }),
      witness: { in: asks, out: derived(asks, { gbpages: true }) },
    },
    {
      lifetime: since('6.6'),
      says: 'as the host has it with two-dimensional paging, as the table says without',
      sources: [commit('ccf31d6e6cc5', 'KVM: x86/mmu: Use KVM-governed feature framework to track "GBPAGES enabled"')],
      does: (call) => derived(call, { gbpages: call.host.tdp ? call.host.gbpages : told(call.stored, call.lookup) }),
      witness: { in: asks, out: derived(asks, { gbpages: false }) },
    },
  ],
})
