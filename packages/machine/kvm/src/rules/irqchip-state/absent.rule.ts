import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type IrqchipStateRule, ioApicAsked } from './case.ts'

export const irqchipAbsent: IrqchipStateRule = rule({
  id: 'irqchip-state-absent',
  catalogue: 'irqchip-state',
  says: 'only a VM with all interrupt controllers in the kernel has their state there',
  lifetime: always,
  errno: 'ENXIO',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip !== 'full',
  witness: { refused: { ...ioApicAsked, irqchip: 'split' }, accepted: ioApicAsked },
})
