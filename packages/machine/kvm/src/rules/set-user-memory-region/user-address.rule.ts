import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isPaged, type MemoryRegionRule, onePage, withRegion } from './case.ts'

/** Where user space ends: a page before the end of the lower canonical half, with four levels of paging. */
const endOfUserSpace = 0x7fff_ffff_f000n

export const userAddress: MemoryRegionRule = rule({
  id: 'memslot-user-address',
  catalogue: 'memslot-set',
  says: 'a slot begins at a page of user space, and stays within it',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', '__kvm_set_memory_region', '6.12.117')],
  evidence: 'source',
  refuses: ({ region }) => {
    const { userspace_addr, memory_size } = region
    return !isPaged(userspace_addr) || userspace_addr + memory_size > endOfUserSpace
  },
  witness: { refused: withRegion({ userspace_addr: endOfUserSpace }), accepted: onePage },
})
