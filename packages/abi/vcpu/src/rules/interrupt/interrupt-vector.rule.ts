import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { InterruptCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { anInterrupt } from '../witnesses.ts'

export const interruptVector = rule<InterruptCall>({
  id: 'interrupt-vector',
  catalogue: 'interrupt',
  says: 'there are 256 vectors',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '5.2'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ irq }) => irq > 255,
  witness: { refused: anInterrupt({ irq: 256 }), accepted: anInterrupt({ irq: 255 }) },
})
