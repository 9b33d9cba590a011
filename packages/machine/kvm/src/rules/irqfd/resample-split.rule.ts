import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type IrqfdRule, tiesTwo, twoEventfds } from './case.ts'

export const irqfdResampleSplit: IrqfdRule = rule({
  id: 'irqfd-resample-split',
  catalogue: 'irqfd',
  says: 'acknowledgements are told by controllers in the kernel that have lines',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq.c', 'kvm_arch_irqfd_allowed', '6.12.117'),
    kernelSource('arch/x86/kvm/irq.c', 'kvm_arch_irqfd_allowed', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: (call) => tiesTwo(call) && call.irqchip !== 'full',
  witness: { refused: { ...twoEventfds, irqchip: 'split' }, accepted: twoEventfds },
})
