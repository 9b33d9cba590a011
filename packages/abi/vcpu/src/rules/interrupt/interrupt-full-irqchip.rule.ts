import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { InterruptCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { anInterrupt } from '../witnesses.ts'

export const interruptFullIrqchip = rule<InterruptCall>({
  id: 'interrupt-full-irqchip',
  catalogue: 'interrupt',
  says: 'with a PIC in the kernel user space has none to raise',
  lifetime: always,
  errno: 'ENXIO',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '5.2'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip === 'full',
  witness: { refused: anInterrupt({ irqchip: 'full' }), accepted: anInterrupt({ irqchip: 'split' }) },
})
