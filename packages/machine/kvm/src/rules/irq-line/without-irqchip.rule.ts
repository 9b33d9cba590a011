import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import type { IrqLineRule } from './case.ts'

export const irqLineWithoutIrqchip: IrqLineRule = rule({
  id: 'irq-line-without-irqchip',
  catalogue: 'irqchip-state',
  says: 'without interrupt controllers in the kernel no line leads there',
  lifetime: always,
  errno: 'ENXIO',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_irq_line', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_irq_line', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip === 'none',
  witness: { refused: { irqchip: 'none' }, accepted: { irqchip: 'split' } },
})
