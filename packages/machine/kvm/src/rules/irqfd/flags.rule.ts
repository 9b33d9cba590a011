import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { freshEventfd, type IrqfdRule } from './case.ts'

export const irqfdFlags: IrqfdRule = rule({
  id: 'irqfd-flags',
  catalogue: 'irqfd',
  says: 'an irqfd is tied or untied, perhaps with one that is told of acknowledgements, and that is all',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/eventfd.c', 'kvm_irqfd', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ flags }) => (flags & ~3) !== 0,
  witness: { refused: { ...freshEventfd, flags: 4 }, accepted: freshEventfd },
})
