import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule, ties } from './case.ts'

export const ioeventfdLength: IoeventfdRule = rule({
  id: 'ioeventfd-length',
  catalogue: 'ioeventfd',
  says: 'a store that signals an eventfd is of 1, 2, 4 or 8 bytes, or of any length',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: (call) => ties(call) && ![0, 1, 2, 4, 8].includes(call.len),
  witness: { refused: { ...bytesOfPort, len: 3 }, accepted: bytesOfPort },
})
