import { rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type BulkCall, mostEntries, threeEntries } from './call.ts'

/** Before the entries are read: a count that is too large is E2BIG even where the entries cannot be read. */
export const msrsTooMany = rule<BulkCall>({
  id: 'msrs-too-many',
  catalogue: 'msr-bulk-limits',
  says: 'a call takes at most 255 MSRs',
  lifetime: { mainline: {} },
  errno: 'E2BIG',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'msr_io', '6.12')],
  evidence: 'recorded',
  refuses: ({ count }) => count >= mostEntries,
  witness: {
    refused: { ...threeEntries, count: mostEntries, faults: new Set(['entries']) },
    accepted: { ...threeEntries, count: mostEntries - 1 },
  },
})
