import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule, lastAddress, ties } from './case.ts'

export const ioeventfdWrap: IoeventfdRule = rule({
  id: 'ioeventfd-wrap',
  catalogue: 'ioeventfd',
  says: 'what is stored to does not run over the end of all addresses',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: (call) => ties(call) && call.addr + BigInt(call.len) > lastAddress,
  witness: {
    refused: { ...bytesOfPort, addr: lastAddress, len: 8 },
    accepted: { ...bytesOfPort, addr: lastAddress - 1n },
  },
})
