import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { bindsMemfd, type MemoryRegionRule, onePrivatePage } from './case.ts'

export const memfdNotOpen: MemoryRegionRule = rule({
  id: 'memslot-memfd-not-open',
  catalogue: 'mem-attributes',
  says: 'private memory comes from a file that is open',
  lifetime: since('6.8'),
  errno: 'EBADF',
  sources: [kernelSource('virt/kvm/guest_memfd.c', 'kvm_gmem_bind', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => bindsMemfd(made) && made.memfd.kind === 'not open',
  witness: { refused: { ...onePrivatePage, memfd: { kind: 'not open' } }, accepted: onePrivatePage },
})
