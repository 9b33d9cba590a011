import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { answered, apicIdOf } from './answered.ts'
import { type HypercallCase, made } from './case.ts'

const asked = made('KVM_HC_SCHED_YIELD', [2n])

/** Best effort: the guest cannot see whether anybody ran. */
export const schedYield: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-sched-yield',
  catalogue: 'hc-sched-yield',
  says: 'SCHED_YIELD lets the vCPU of an APIC ID run, and returns 0, whether there is one or not',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: answered('KVM_HC_SCHED_YIELD', (call) => ({
        kind: 'yield',
        apicId: apicIdOf(call.arguments[0]),
        value: 0n,
      })),
      witness: { in: asked, out: { ...asked, verdict: { kind: 'yield', apicId: 2, value: 0n } } },
    },
  ],
})
