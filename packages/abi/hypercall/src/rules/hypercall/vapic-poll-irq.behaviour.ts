import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { returnValue } from '../../hypercall.ts'
import { answered } from './answered.ts'
import { type HypercallCase, made } from './case.ts'

const asked = made('KVM_HC_VAPIC_POLL_IRQ')

/** An interrupt that waits is seen on the way back into the guest. */
export const vapicPollIrq: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-vapic-poll-irq',
  catalogue: 'hc-vapic-poll-irq',
  says: 'VAPIC_POLL_IRQ returns 0, and the exit that it takes is all that it does',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
    probe('run', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs'),
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: answered('KVM_HC_VAPIC_POLL_IRQ', (call) => ({ kind: 'return', value: returnValue(call, 0) })),
      witness: { in: asked, out: { ...asked, verdict: { kind: 'return', value: 0n } } },
    },
  ],
})
