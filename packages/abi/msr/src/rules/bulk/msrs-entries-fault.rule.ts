import { rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type BulkCall, threeEntries } from './call.ts'

export const msrsEntriesFault = rule<BulkCall>({
  id: 'msrs-entries-fault',
  catalogue: 'msr-bulk-limits',
  says: 'every entry that the header counts must be readable, before any is acted on',
  lifetime: { mainline: {} },
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'msr_io', '6.12')],
  evidence: 'recorded',
  refuses: ({ count, faults }) => count > 0 && faults.has('entries'),
  witness: {
    refused: { ...threeEntries, faults: new Set(['entries']) },
    accepted: { ...threeEntries, count: 0, entries: [], faults: new Set(['entries']) },
  },
})
