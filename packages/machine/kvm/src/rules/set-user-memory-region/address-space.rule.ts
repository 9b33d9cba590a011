import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, withRegion } from './case.ts'

export const addressSpace: MemoryRegionRule = rule({
  id: 'memslot-address-space',
  catalogue: 'memslot-set',
  says: 'a slot is in an address space that there is',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region, addressSpaces }) => region.slot >>> 16 >= addressSpaces,
  witness: { refused: withRegion({ slot: 2 << 16 }), accepted: withRegion({ slot: 1 << 16 }) },
})
