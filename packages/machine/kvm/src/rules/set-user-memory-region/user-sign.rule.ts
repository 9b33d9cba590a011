import { between, rule } from '@vmm/rule'
import { commit } from '@vmm/source'
import { type MemoryRegionRule, withRegion } from './case.ts'

const half = 1n << 63n

export const userSign: MemoryRegionRule = rule({
  id: 'memslot-user-sign',
  catalogue: 'memslot-set',
  says: 'a slot lies in the lower half of all addresses: where user space ends is not looked at',
  lifetime: between('6.4', '6.12'),
  errno: 'EINVAL',
  sources: [commit('6014bc27561f', 'x86-64: make access_ok() independent of LAM')],
  evidence: 'source',
  refuses: ({ region: { userspace_addr, memory_size } }) => userspace_addr + memory_size >= half,
  witness: {
    refused: withRegion({ userspace_addr: half }),
    accepted: withRegion({ userspace_addr: 0x8000_0000_0000n }),
  },
})
