import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, onePage, slotOf, withRegion } from './case.ts'

export const nothingToDelete: MemoryRegionRule = rule({
  id: 'memslot-nothing-to-delete',
  catalogue: 'memslot-set',
  says: 'a slot that is not there cannot be deleted',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => made.region.memory_size === 0n && slotOf(made) === undefined,
  witness: { refused: withRegion({ memory_size: 0n }), accepted: withRegion({ memory_size: 0n }, [onePage.region]) },
})
