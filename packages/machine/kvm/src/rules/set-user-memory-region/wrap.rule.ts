import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, onePage, withRegion } from './case.ts'

export const wrap: MemoryRegionRule = rule({
  id: 'memslot-wrap',
  catalogue: 'memslot-set',
  says: 'a slot does not run over the end of the guest-physical addresses',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region }) => BigInt.asUintN(64, region.guest_phys_addr + region.memory_size) < region.guest_phys_addr,
  witness: {
    refused: withRegion({ guest_phys_addr: 0xffff_ffff_ffff_f000n, memory_size: 0x1000n }),
    accepted: onePage,
  },
})
