import { behaviour, between, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import type { KernelLookup } from '../kernel-lookup.ts'
import { aCall } from './a-call.ts'
import { asked } from './where-read.ts'

const by =
  (lookup: KernelLookup) =>
  (call: SetCpuidCall): SetCpuidCall =>
    call.lookup === lookup ? call : { ...call, lookup }

/** How the rest of the call finds its entries. Duplicates are user space's own fault. */
export const setCpuidLookup = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-lookup',
  catalogue: 'set-cpuid-dup-first-wins',
  says: 'of entries for one leaf the first that matches is the one that KVM reads and writes',
  sources: [kernelSource('arch/x86/kvm/cpuid.c', 'cpuid_entry2_find', '6.12'), asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.7'),
      says: 'an entry with STATEFUL_FUNC matches when it is the next to be read',
      sources: [commit('7ff6c0350315', 'KVM: x86: Remove stateful CPUID handling')],
      does: by('stateful'),
      witness: { in: aCall(), out: aCall({ lookup: 'stateful' }) },
    },
    {
      lifetime: between('5.7', '6.0'),
      says: 'an entry with a significant index matches a leaf without sub-leaves only with index 0',
      sources: [commit('7ff6c0350315', 'KVM: x86: Remove stateful CPUID handling')],
      does: by('index-0'),
      witness: { in: aCall(), out: aCall({ lookup: 'index-0' }) },
    },
    {
      lifetime: since('6.0'),
      says: 'a leaf without sub-leaves is the first entry of that function',
      sources: [
        commit('277ad7d58611', 'KVM: x86: Add dedicated helper to get CPUID entry with significant index'),
        kernelSource('arch/x86/kvm/cpuid.c', 'cpuid_entry2_find', '6.1.192'),
      ],
      does: by('first'),
      witness: { in: aCall({ lookup: 'index-0' }), out: aCall({ lookup: 'first' }) },
    },
  ],
})
