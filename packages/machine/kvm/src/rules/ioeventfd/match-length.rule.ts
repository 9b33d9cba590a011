import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule, ioeventfdFlag, ties } from './case.ts'

export const ioeventfdMatchLength: IoeventfdRule = rule({
  id: 'ioeventfd-match-length',
  catalogue: 'ioeventfd',
  says: 'stores of any length are not compared with a value',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_assign_ioeventfd', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: (call) => ties(call) && call.len === 0 && (call.flags & ioeventfdFlag.datamatch) !== 0,
  witness: { refused: { ...bytesOfPort, len: 0, flags: 3 }, accepted: { ...bytesOfPort, flags: 3 } },
})
