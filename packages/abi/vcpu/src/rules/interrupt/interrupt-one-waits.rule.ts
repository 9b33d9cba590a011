import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { InterruptCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'
import { anInterrupt } from '../witnesses.ts'

export const interruptOneWaits = rule<InterruptCall>({
  id: 'interrupt-one-waits',
  catalogue: 'interrupt',
  says: 'of the vectors of user space’s PIC one can wait',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '5.2'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip, external }) => irqchip === 'split' && external !== undefined,
  witness: { refused: anInterrupt({ irqchip: 'split', external: 0x30 }), accepted: anInterrupt({ irqchip: 'split' }) },
})
