import { always, rule } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'
import { type HypercallRule, made } from './case.ts'

const witness = made('KVM_HC_VAPIC_POLL_IRQ')

/** Before the number is looked at: one that nobody knows is EPERM too. There is no fault, unlike with Hyper-V's calls. */
export const privilege: HypercallRule = rule({
  id: 'hc-cpl',
  catalogue: 'hc-cpl',
  says: 'outside CPL 0 every hypercall fails, known or not',
  lifetime: always,
  errno: 'KVM_EPERM',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
    kernelDoc('Documentation/virt/kvm/x86/hypercalls.rst', 'Linux KVM Hypercall'),
    probe('hypercalls', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: ({ call }) => call.cpl !== 0,
  witness: { refused: { ...witness, call: { ...witness.call, cpl: 3 } }, accepted: witness },
})
