import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { aFilter, aRange, type SetFilterCall } from './filter.ts'

export const filterBitmapFault = rule<SetFilterCall>({
  id: 'filter-bitmap-fault',
  catalogue: 'msr-filter-set',
  says: 'the bitmap of a range must be readable, in whole words of 64 bits',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_add_msr_filter', '6.12')],
  evidence: 'recorded',
  refuses: ({ ranges }) => ranges.some(({ count, bitmap }) => count > 0 && bitmap === undefined),
  witness: {
    refused: { ...aFilter, ranges: [{ ...aRange, bitmap: undefined }] },
    accepted: { ...aFilter, ranges: [{ ...aRange, count: 0, bitmap: undefined }] },
  },
})
