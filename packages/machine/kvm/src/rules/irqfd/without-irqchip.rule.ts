import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { freshEventfd, type IrqfdRule, ties } from './case.ts'

export const irqfdWithoutIrqchip: IrqfdRule = rule({
  id: 'irqfd-without-irqchip',
  catalogue: 'irqfd',
  says: 'an eventfd raises interrupts of controllers in the kernel, and there must be some',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq.c', 'kvm_arch_irqfd_allowed', '6.12.117'),
    kernelSource('arch/x86/kvm/irq.c', 'kvm_arch_irqfd_allowed', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: (call) => ties(call) && call.irqchip === 'none',
  witness: { refused: { ...freshEventfd, irqchip: 'none' }, accepted: { ...freshEventfd, irqchip: 'split' } },
})
