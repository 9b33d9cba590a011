import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type GuestMemfdRule, onePageMemfd } from './case.ts'

export const memfdSize: GuestMemfdRule = rule({
  id: 'guest-memfd-size',
  catalogue: 'mem-attributes',
  says: 'there is at least a page, pages are whole, and fewer than 2^63 bytes',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/guest_memfd.c', 'kvm_gmem_create', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ size }) => BigInt.asIntN(64, size) <= 0n || (size & 0xfffn) !== 0n,
  witness: { refused: { ...onePageMemfd, size: 0x800n }, accepted: onePageMemfd },
})
