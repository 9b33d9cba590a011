import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { freshEventfd, type IrqfdRule, ties } from './case.ts'

export const irqfdBusy: IrqfdRule = rule({
  id: 'irqfd-busy',
  catalogue: 'irqfd',
  says: 'an eventfd raises one interrupt of a VM',
  lifetime: always,
  errno: 'EBUSY',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd_assign', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: (call) => ties(call) && call.tied === 'here',
  witness: { refused: { ...freshEventfd, tied: 'here' }, accepted: freshEventfd },
})
