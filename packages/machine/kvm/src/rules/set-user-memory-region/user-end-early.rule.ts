import { rule, until } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type MemoryRegionRule, withRegion } from './case.ts'

export const userEndEarly: MemoryRegionRule = rule({
  id: 'memslot-user-end-early',
  catalogue: 'memslot-set',
  says: 'a slot ends where user space ends, at the latest',
  lifetime: until('6.4'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/include/asm/uaccess.h', 'access_ok', '6.1.192'),
    probe('memory', 'Linux 6.1.192, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  refuses: ({ region: { userspace_addr, memory_size }, userEnd }) => userspace_addr + memory_size > userEnd,
  witness: {
    refused: withRegion({ userspace_addr: 0x7fff_ffff_f000n }),
    accepted: withRegion({ userspace_addr: 0x7fff_ffff_e000n }),
  },
})
