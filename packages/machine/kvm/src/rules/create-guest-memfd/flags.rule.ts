import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type GuestMemfdRule, onePageMemfd } from './case.ts'

export const memfdFlags: GuestMemfdRule = rule({
  id: 'guest-memfd-flags',
  catalogue: 'mem-attributes',
  says: 'flags are those that the kernel knows',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/guest_memfd.c', 'kvm_gmem_create', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ flags, known = 0n }) => (flags & ~known) !== 0n,
  witness: { refused: { ...onePageMemfd, flags: 1n }, accepted: { ...onePageMemfd, flags: 1n, known: 3n } },
})
