import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type HypercallRule, isCall, made } from './case.ts'

/** A host whose clock source is not the TSC, or a vCPU whose TSC is made to catch up. */
export const clockSource: HypercallRule = rule({
  id: 'hc-clock-pairing-source',
  catalogue: 'hc-clock-pairing',
  says: 'a clock that does not come from the TSC cannot be paired with it',
  lifetime: always,
  errno: 'KVM_EOPNOTSUPP',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_clock_pairing', '6.1.192')],
  evidence: 'source',
  refuses: (made) => isCall(made, 'KVM_HC_CLOCK_PAIRING') && made.context.clockPairing === 'unavailable',
  witness: {
    refused: made('KVM_HC_CLOCK_PAIRING', [0x1000n], { clockPairing: 'unavailable' }),
    accepted: made('KVM_HC_CLOCK_PAIRING', [0x1000n]),
  },
})
