import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { isPaged, type MemoryRegionRule, onePage, withRegion } from './case.ts'

export const size: MemoryRegionRule = rule({
  id: 'memslot-size',
  catalogue: 'memslot-set',
  says: 'the size of a slot is one of whole pages',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region }) => !isPaged(region.memory_size),
  witness: { refused: withRegion({ memory_size: 0x800n }), accepted: onePage },
})
