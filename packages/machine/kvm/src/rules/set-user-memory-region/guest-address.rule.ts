import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { isPaged, type MemoryRegionRule, onePage, withRegion } from './case.ts'

export const guestAddress: MemoryRegionRule = rule({
  id: 'memslot-guest-address',
  catalogue: 'memslot-set',
  says: 'a slot begins at a page of the guest',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region }) => !isPaged(region.guest_phys_addr),
  witness: { refused: withRegion({ guest_phys_addr: 0x4800n }), accepted: onePage },
})
