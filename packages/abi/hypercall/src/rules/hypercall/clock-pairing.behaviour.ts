import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { answered } from './answered.ts'
import { type HypercallCase, made } from './case.ts'

const asked = made('KVM_HC_CLOCK_PAIRING', [0x1000n])

/** Real time beside the TSC of the same moment. */
export const clockPairing: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-clock-pairing-writes',
  catalogue: 'hc-clock-pairing',
  says: 'CLOCK_PAIRING writes a structure to the address that it is given',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: answered('KVM_HC_CLOCK_PAIRING', (call) => ({ kind: 'clock-pairing', address: call.arguments[0] })),
      witness: { in: asked, out: { ...asked, verdict: { kind: 'clock-pairing', address: 0x1000n } } },
    },
  ],
})
