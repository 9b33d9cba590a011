import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type MemoryRegionRule, withRegion } from './case.ts'

export const slotNumber: MemoryRegionRule = rule({
  id: 'memslot-number',
  catalogue: 'memslot-set',
  says: 'a slot is one of those there are, in an address space that there is',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117')],
  evidence: 'source',
  refuses: ({ region, addressSpaces, slotsOfSpace }) => {
    return region.slot >>> 16 >= addressSpaces || (region.slot & 0xffff) >= slotsOfSpace
  },
  witness: { refused: withRegion({ slot: 2 << 16 }), accepted: withRegion({ slot: 1 << 16 }) },
})
