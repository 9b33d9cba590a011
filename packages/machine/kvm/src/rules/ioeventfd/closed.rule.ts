import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule } from './case.ts'

export const ioeventfdClosed: IoeventfdRule = rule({
  id: 'ioeventfd-closed',
  catalogue: 'ioeventfd',
  says: 'what is signalled is an open file',
  lifetime: always,
  errno: 'EBADF',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd_idx', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd_idx', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: ({ fd }) => fd === 'closed',
  witness: { refused: { ...bytesOfPort, fd: 'closed' }, accepted: bytesOfPort },
})
