import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type MemoryRegionRule, memLogDirtyPages, memReadonly, withRegion } from './case.ts'

export const flags: MemoryRegionRule = rule({
  id: 'memslot-flags',
  catalogue: 'memslot-set',
  says: 'flags other than those that the kernel knows are refused',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'check_memory_region_flags', '6.12.117')],
  evidence: 'source',
  refuses: ({ region }) => (region.flags & ~(memLogDirtyPages | memReadonly)) !== 0,
  witness: { refused: withRegion({ flags: 8 }), accepted: withRegion({ flags: 3 }) },
})
