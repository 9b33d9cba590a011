import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, onePage, slotOf, withRegion } from './case.ts'

const other = { ...onePage.region, slot: 1 }

/** Only where a slot is made or moved: one that changes its flags stays where it is. */
export const overlap: MemoryRegionRule = rule({
  id: 'memslot-overlap',
  catalogue: 'memslot-set',
  says: 'no two slots of an address space show memory at one address',
  lifetime: always,
  errno: 'EEXIST',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_check_memslot_overlap', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => {
    const { region, slots } = made
    if (region.memory_size === 0n || slotOf(made)?.guest_phys_addr === region.guest_phys_addr) return false
    const end = region.guest_phys_addr + region.memory_size
    return slots.some(
      (slot) =>
        slot.slot !== region.slot &&
        slot.slot >>> 16 === region.slot >>> 16 &&
        region.guest_phys_addr < slot.guest_phys_addr + slot.memory_size &&
        slot.guest_phys_addr < end,
    )
  },
  witness: {
    refused: withRegion({}, [other]),
    accepted: withRegion({ guest_phys_addr: 0x5000n }, [other]),
  },
})
