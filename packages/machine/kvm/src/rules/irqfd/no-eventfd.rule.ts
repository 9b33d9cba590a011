import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { freshEventfd, type IrqfdRule } from './case.ts'

export const irqfdNoEventfd: IrqfdRule = rule({
  id: 'irqfd-no-eventfd',
  catalogue: 'irqfd',
  says: 'what raises interrupts is an eventfd',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd_assign', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ fd }) => fd === 'other',
  witness: { refused: { ...freshEventfd, fd: 'other' }, accepted: freshEventfd },
})
