import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { aRing, type VcpuMmapRule } from './case.ts'

/** What lies between is not looked at. */
export const mmapRing: VcpuMmapRule = rule({
  id: 'vcpu-mmap-ring',
  catalogue: 'vcpu-mmap',
  says: 'a mapping that begins or ends in the ring of written pages is shared, and nothing in it is run',
  lifetime: since('5.11'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vcpu_mmap', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ page, pages, ring, sharing, executable }) => {
    const within = (each: number) => each >= ring.page && each < ring.page + ring.pages
    return (within(page) || within(page + pages - 1)) && (executable || sharing === 'private')
  },
  witness: { refused: { ...aRing, sharing: 'private' }, accepted: aRing },
})
