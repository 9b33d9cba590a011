import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { freshEventfd, type IrqfdRule, ties } from './case.ts'

export const irqfdBusyElsewhere: IrqfdRule = rule({
  id: 'irqfd-busy-elsewhere',
  catalogue: 'irqfd',
  says: 'an eventfd raises interrupts of one VM',
  lifetime: since({ absentIn: '6.12.117', presentIn: '6.18' }),
  errno: 'EBUSY',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd_assign', '6.18'), askedInterrupts],
  evidence: 'recorded',
  refuses: (call) => ties(call) && call.tied === 'elsewhere',
  witness: { refused: { ...freshEventfd, tied: 'elsewhere' }, accepted: freshEventfd },
})
