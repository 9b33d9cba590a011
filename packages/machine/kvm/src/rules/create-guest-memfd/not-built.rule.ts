import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedMemory } from '../where-recorded.ts'
import { type GuestMemfdRule, onePageMemfd } from './case.ts'

export const memfdNotBuilt: GuestMemfdRule = rule({
  id: 'guest-memfd-not-built',
  catalogue: 'mem-attributes',
  says: 'the kernel was built with guest_memfd',
  lifetime: since('6.8'),
  errno: 'ENOTTY',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'), askedMemory],
  evidence: 'recorded',
  refuses: ({ known }) => known === undefined,
  witness: { refused: { ...onePageMemfd, known: undefined }, accepted: onePageMemfd },
})
