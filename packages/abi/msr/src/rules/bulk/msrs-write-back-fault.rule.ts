import { rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type BulkCall, threeEntries } from './call.ts'

const reads: BulkCall = { ...threeEntries, access: 'read' }

export const msrsWriteBackFault = rule<BulkCall>({
  id: 'msrs-write-back-fault',
  catalogue: 'msr-bulk-partial',
  says: 'KVM_GET_MSRS writes all entries back, also those it did not come to, and fails if it cannot',
  lifetime: { mainline: {} },
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'msr_io', '6.12')],
  evidence: 'source',
  refuses: ({ access, count, faults }) => access === 'read' && count > 0 && faults.has('write back'),
  witness: {
    refused: { ...reads, faults: new Set(['write back']) },
    accepted: { ...threeEntries, faults: new Set(['write back']) },
  },
})
