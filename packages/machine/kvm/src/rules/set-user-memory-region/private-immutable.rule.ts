import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, memGuestMemfd, onePrivatePage, slotOf, withPrivate } from './case.ts'

export const privateImmutable: MemoryRegionRule = rule({
  id: 'memslot-private-immutable',
  catalogue: 'mem-attributes',
  says: 'a slot with private memory can be deleted, and nothing else',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => {
    const { memory_size, flags } = made.region
    return memory_size !== 0n && slotOf(made) !== undefined && (flags & memGuestMemfd) !== 0
  },
  witness: { refused: withPrivate({}, [onePrivatePage.region]), accepted: onePrivatePage },
})
