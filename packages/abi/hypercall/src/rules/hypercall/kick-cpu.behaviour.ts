import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { answered, apicIdOf } from './answered.ts'
import { type HypercallCase, made } from './case.ts'

const asked = made('KVM_HC_KICK_CPU', [0n, 0x1_0000_0002n])

/** The first argument is for flags that nobody looks at. */
export const kickCpu: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-kick-cpu',
  catalogue: 'hc-kick-cpu',
  says: 'KICK_CPU wakes the vCPU whose APIC ID is its second argument, and returns 0, whether there is one or not',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: answered('KVM_HC_KICK_CPU', (call) => ({
        kind: 'kick-cpu',
        apicId: apicIdOf(call.arguments[1]),
        value: 0n,
      })),
      witness: { in: asked, out: { ...asked, verdict: { kind: 'kick-cpu', apicId: 2, value: 0n } } },
    },
  ],
})
