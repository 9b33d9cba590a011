import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, memReadonly, onePage, slotOf, withRegion } from './case.ts'

export const unchangeable: MemoryRegionRule = rule({
  id: 'memslot-unchangeable',
  catalogue: 'memslot-set',
  says: 'a slot keeps its size, its user memory and whether it can be written',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => {
    const old = slotOf(made)
    const { memory_size, userspace_addr, flags } = made.region
    if (old === undefined || memory_size === 0n) return false
    const same = userspace_addr === old.userspace_addr && memory_size === old.memory_size
    return !same || ((flags ^ old.flags) & memReadonly) !== 0
  },
  witness: {
    refused: withRegion({ memory_size: 0x2000n }, [onePage.region]),
    accepted: withRegion({ guest_phys_addr: 0x8000n }, [onePage.region]),
  },
})
