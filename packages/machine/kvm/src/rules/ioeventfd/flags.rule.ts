import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { bytesOfPort, type IoeventfdRule, ties } from './case.ts'

export const ioeventfdFlags: IoeventfdRule = rule({
  id: 'ioeventfd-flags',
  catalogue: 'ioeventfd',
  says: 'only flags that exist are given',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.1.192'),
  ],
  evidence: 'source',
  refuses: (call) => ties(call) && (call.flags & ~31) !== 0,
  witness: { refused: { ...bytesOfPort, flags: 34 }, accepted: { ...bytesOfPort, flags: 18 } },
})
