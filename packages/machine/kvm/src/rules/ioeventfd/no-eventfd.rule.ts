import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule } from './case.ts'

export const ioeventfdNoEventfd: IoeventfdRule = rule({
  id: 'ioeventfd-no-eventfd',
  catalogue: 'ioeventfd',
  says: 'what is signalled is an eventfd',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd_idx', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd_idx', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: ({ fd }) => fd === 'other',
  witness: { refused: { ...bytesOfPort, fd: 'other' }, accepted: bytesOfPort },
})
