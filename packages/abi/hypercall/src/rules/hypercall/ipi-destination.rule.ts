import { always, rule } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'
import { type HypercallRule, isCall, made } from './case.ts'

/** Destination mode and shorthand: bits 11 and 19:18 of the ICR. */
const icrDestinationBits = 0xc_0800n

/** Whom an IPI goes to is what the bitmap is for. */
export const ipiDestination: HypercallRule = rule({
  id: 'hc-send-ipi-destination',
  catalogue: 'hc-send-ipi',
  says: 'an ICR that names destinations itself is refused',
  lifetime: always,
  errno: 'KVM_EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/lapic.c', 'kvm_pv_send_ipi', '6.12.117'),
    kernelDoc('Documentation/virt/kvm/x86/hypercalls.rst', '6. KVM_HC_SEND_IPI'),
    probe('hypercalls', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: (made) => isCall(made, 'KVM_HC_SEND_IPI') && (made.call.arguments[3] & icrDestinationBits) !== 0n,
  witness: {
    refused: made('KVM_HC_SEND_IPI', [1n, 0n, 0n, 0x4_00f2n]),
    accepted: made('KVM_HC_SEND_IPI', [1n, 0n, 0n, 0x00f2n]),
  },
})
