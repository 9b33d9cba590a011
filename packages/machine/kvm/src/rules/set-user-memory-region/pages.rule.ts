import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, onePage, withRegion } from './case.ts'

const mostPages = (1n << 31n) - 1n

export const pages: MemoryRegionRule = rule({
  id: 'memslot-pages',
  catalogue: 'memslot-set',
  says: 'a slot has fewer than 2^31 pages',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region }) => region.memory_size >> 12n > mostPages,
  witness: { refused: withRegion({ memory_size: 1n << 43n, userspace_addr: 0x1000n }), accepted: onePage },
})
