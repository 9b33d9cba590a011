import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule, ties } from './case.ts'

export const ioeventfdNotTied: IoeventfdRule = rule({
  id: 'ioeventfd-not-tied',
  catalogue: 'ioeventfd',
  says: 'only what is tied is untied: the same eventfd at the same address, for the same lengths and values',
  lifetime: always,
  errno: 'ENOENT',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'kvm_deassign_ioeventfd_idx', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'kvm_deassign_ioeventfd_idx', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: (call) => !ties(call) && !call.tied,
  witness: { refused: { ...bytesOfPort, flags: 6 }, accepted: { ...bytesOfPort, flags: 6, tied: true } },
})
