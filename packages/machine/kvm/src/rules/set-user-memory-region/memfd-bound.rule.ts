import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { bindsMemfd, type MemoryRegionRule, onePrivatePage } from './case.ts'

export const memfdBound: MemoryRegionRule = rule({
  id: 'memslot-memfd-bound',
  catalogue: 'mem-attributes',
  says: 'no two slots show the same of a guest_memfd',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/guest_memfd.c', 'kvm_gmem_bind', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => {
    const { memory_size, guest_memfd_offset: offset = 0n } = made.region
    const bound = made.memfd.kind === 'memfd' ? made.memfd.bound : []
    return bindsMemfd(made) && bound.some(({ from, to }) => offset < to && from < offset + memory_size)
  },
  witness: {
    refused: { ...onePrivatePage, memfd: { kind: 'memfd', bytes: 0x4000n, bound: [{ from: 0n, to: 0x2000n }] } },
    accepted: { ...onePrivatePage, memfd: { kind: 'memfd', bytes: 0x4000n, bound: [{ from: 0n, to: 0x1000n }] } },
  },
})
