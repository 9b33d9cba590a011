import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { freshEventfd, type IrqfdRule } from './case.ts'

export const irqfdClosed: IrqfdRule = rule({
  id: 'irqfd-closed',
  catalogue: 'irqfd',
  says: 'what raises interrupts is an open file',
  lifetime: always,
  errno: 'EBADF',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd_assign', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ fd }) => fd === 'closed',
  witness: { refused: { ...freshEventfd, fd: 'closed' }, accepted: freshEventfd },
})
