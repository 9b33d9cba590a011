import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type MemoryRegionRule, withRegion } from './case.ts'

export const userEnd: MemoryRegionRule = rule({
  id: 'memslot-user-end',
  catalogue: 'memslot-set',
  says: 'a slot ends where user space ends, at the latest',
  lifetime: since('6.12'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/include/asm/uaccess_64.h', '__access_ok', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ region: { userspace_addr, memory_size }, userEnd }) => userspace_addr + memory_size > userEnd,
  witness: {
    refused: withRegion({ userspace_addr: 0x7fff_ffff_f000n }),
    accepted: withRegion({ userspace_addr: 0x7fff_ffff_e000n }),
  },
})
