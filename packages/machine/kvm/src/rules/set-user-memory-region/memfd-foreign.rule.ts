import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { bindsMemfd, type MemoryRegionRule, onePrivatePage } from './case.ts'

export const memfdForeign: MemoryRegionRule = rule({
  id: 'memslot-memfd-foreign',
  catalogue: 'mem-attributes',
  says: 'private memory comes from a guest_memfd of the same VM',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/guest_memfd.c', 'kvm_gmem_bind', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: (made) => bindsMemfd(made) && made.memfd.kind === 'foreign',
  witness: { refused: { ...onePrivatePage, memfd: { kind: 'foreign' } }, accepted: onePrivatePage },
})
