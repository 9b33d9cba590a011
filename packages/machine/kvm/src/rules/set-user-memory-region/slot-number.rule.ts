import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, withRegion } from './case.ts'

export const slotNumber: MemoryRegionRule = rule({
  id: 'memslot-number',
  catalogue: 'memslot-set',
  says: 'a slot is one of those that user space has in each address space',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region, userSlots }) => (region.slot & 0xffff) >= userSlots,
  witness: { refused: withRegion({ slot: 32_764 }), accepted: withRegion({ slot: 32_763 }) },
})
