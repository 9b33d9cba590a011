import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { isPaged, type MemoryRegionRule, memGuestMemfd, onePrivatePage, withPrivate } from './case.ts'

export const memfdOffset: MemoryRegionRule = rule({
  id: 'memslot-memfd-offset',
  catalogue: 'mem-attributes',
  says: 'private memory begins at a page of its memfd, and does not run over the end of all numbers',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region: { flags, memory_size, guest_memfd_offset: offset = 0n } }) => {
    const wraps = BigInt.asUintN(64, offset + memory_size) < offset
    return (flags & memGuestMemfd) !== 0 && (!isPaged(offset) || wraps)
  },
  witness: { refused: withPrivate({ guest_memfd_offset: 0x800n }), accepted: onePrivatePage },
})
