import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionCase, onePage, slotOf, withRegion } from './case.ts'

export const same: Behaviour<MemoryRegionCase, boolean> = behaviour({
  id: 'memslot-unchanged',
  catalogue: 'memslot-set',
  says: 'a slot that is set as it is stays as it is, with what was logged of it',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (made) => {
        const old = slotOf(made)
        const { memory_size, guest_phys_addr, flags } = made.region
        return memory_size !== 0n && old?.guest_phys_addr === guest_phys_addr && old.flags === flags
      },
      witness: { in: withRegion({}, [onePage.region]), out: true },
    },
  ],
})
