import { always, rule } from '@vmm/rule'
import { kernelDoc, kernelSource } from '@vmm/source'
import { type HypercallRule, isCall, made } from './case.ts'

/** Type 0 is CLOCK_REALTIME. */
export const clockType: HypercallRule = rule({
  id: 'hc-clock-pairing-type',
  catalogue: 'hc-clock-pairing',
  says: 'only the real-time clock can be paired',
  lifetime: always,
  errno: 'KVM_EOPNOTSUPP',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_pv_clock_pairing', '6.1.192'),
    kernelDoc('Documentation/virt/kvm/x86/hypercalls.rst', '6. KVM_HC_CLOCK_PAIRING'),
  ],
  evidence: 'source',
  refuses: (made) => isCall(made, 'KVM_HC_CLOCK_PAIRING') && made.call.arguments[1] !== 0n,
  witness: {
    refused: made('KVM_HC_CLOCK_PAIRING', [0x1000n, 1n]),
    accepted: made('KVM_HC_CLOCK_PAIRING', [0x1000n, 0n]),
  },
})
