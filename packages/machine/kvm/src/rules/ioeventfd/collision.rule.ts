import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedIo } from '../where-recorded.ts'
import { bytesOfPort, type IoeventfdRule, ties } from './case.ts'

export const ioeventfdCollision: IoeventfdRule = rule({
  id: 'ioeventfd-collision',
  catalogue: 'ioeventfd',
  says: 'no store signals two eventfds',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('virt/kvm/eventfd.c', 'ioeventfd_check_collision', '6.12.117'),
    kernelSource('virt/kvm/eventfd.c', 'ioeventfd_check_collision', '6.1.192'),
    askedIo,
  ],
  evidence: 'recorded',
  refuses: (call) => ties(call) && call.collides,
  witness: { refused: { ...bytesOfPort, collides: true }, accepted: bytesOfPort },
})
