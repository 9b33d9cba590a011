import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type IrqfdRule, tiesTwo, twoEventfds } from './case.ts'

export const irqfdResampleNoEventfd: IrqfdRule = rule({
  id: 'irqfd-resample-no-eventfd',
  catalogue: 'irqfd',
  says: 'what is told of acknowledgements is an eventfd',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd_assign', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: (call) => tiesTwo(call) && call.resamplefd === 'other',
  witness: { refused: { ...twoEventfds, resamplefd: 'other' }, accepted: twoEventfds },
})
