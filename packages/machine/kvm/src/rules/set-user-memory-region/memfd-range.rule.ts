import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { bindsMemfd, type MemoryRegionRule, withPrivate } from './case.ts'

export const memfdRange: MemoryRegionRule = rule({
  id: 'memslot-memfd-range',
  catalogue: 'mem-attributes',
  says: 'a slot shows no more of a guest_memfd than there is',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/guest_memfd.c', 'kvm_gmem_bind', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => {
    const { memory_size, guest_memfd_offset: offset = 0n } = made.region
    return bindsMemfd(made) && made.memfd.kind === 'memfd' && offset + memory_size > made.memfd.bytes
  },
  witness: {
    refused: withPrivate({ guest_memfd_offset: 0x4000n }),
    accepted: withPrivate({ guest_memfd_offset: 0x3000n }),
  },
})
