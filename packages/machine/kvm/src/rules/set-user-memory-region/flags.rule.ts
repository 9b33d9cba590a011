import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, memGuestMemfd, memLogDirtyPages, memReadonly, withRegion } from './case.ts'

export const flags: MemoryRegionRule = rule({
  id: 'memslot-flags',
  catalogue: 'memslot-set',
  says: 'flags other than those that the call and the VM know are refused',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'check_memory_region_flags', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ struct, region, privateMemory }) => {
    const more = struct === 'second' && privateMemory ? memGuestMemfd : 0
    return (region.flags & ~(memLogDirtyPages | memReadonly | more)) !== 0
  },
  witness: { refused: withRegion({ flags: 4 }), accepted: withRegion({ flags: 3 }) },
})
