import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { InterruptCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { anInterrupt } from '../witnesses.ts'

export const interruptQueued = behaviour<InterruptCall, InterruptCall>({
  id: 'interrupt-queued',
  catalogue: 'interrupt',
  says: 'without interrupt controllers in the kernel the vector is delivered next, in place of what was; else it waits',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_interrupt', '5.2'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => (call.irqchip === 'none' ? { ...call, injected: call.irq } : { ...call, external: call.irq }),
      witness: { in: anInterrupt({ injected: 0x30 }), out: anInterrupt({ injected: 0x20 }) },
    },
  ],
})
