import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type IrqfdRule, tiesTwo, twoEventfds } from './case.ts'

export const irqfdResampleClosed: IrqfdRule = rule({
  id: 'irqfd-resample-closed',
  catalogue: 'irqfd',
  says: 'what is told of acknowledgements is an open file',
  lifetime: always,
  errno: 'EBADF',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd_assign', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: (call) => tiesTwo(call) && call.resamplefd === 'closed',
  witness: { refused: { ...twoEventfds, resamplefd: 'closed' }, accepted: twoEventfds },
})
