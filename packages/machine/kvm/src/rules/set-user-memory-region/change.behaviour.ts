import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionCase, onePage, withRegion } from './case.ts'

/** That user memory is mapped there is not looked at: it is when the guest comes to it. */
export const change: Behaviour<MemoryRegionCase, MemoryRegionCase> = behaviour({
  id: 'memslot-change',
  catalogue: 'memslot-set',
  says: 'a slot is made, moved, changed, or deleted where its size is 0',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (made) => {
        const { region } = made
        const others = made.slots.filter(({ slot }) => slot !== region.slot)
        return { ...made, slots: region.memory_size === 0n ? others : [...others, region] }
      },
      witness: { in: onePage, out: withRegion({}, [onePage.region]) },
    },
  ],
})
