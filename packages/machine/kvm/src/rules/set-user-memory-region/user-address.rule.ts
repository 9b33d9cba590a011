import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { isPaged, type MemoryRegionRule, onePage, withRegion } from './case.ts'

export const userAddress: MemoryRegionRule = rule({
  id: 'memslot-user-address',
  catalogue: 'memslot-set',
  says: 'a slot begins at a page of user space',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region }) => !isPaged(region.userspace_addr),
  witness: { refused: withRegion({ userspace_addr: 0x800n }), accepted: onePage },
})
