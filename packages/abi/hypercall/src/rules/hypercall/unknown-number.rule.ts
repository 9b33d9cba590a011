import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type HypercallRule, made, rowOf } from './case.ts'

/** Numbers of other architectures, and the one given up, are as unknown as those nobody has taken. */
export const unknownNumber: HypercallRule = rule({
  id: 'hc-unknown',
  catalogue: 'hc-unknown',
  says: 'a number that x86 has given to no hypercall fails',
  lifetime: always,
  errno: 'KVM_ENOSYS',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
    probe('hypercalls', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU'),
  ],
  evidence: 'recorded',
  refuses: (made) => rowOf(made) === undefined,
  witness: { refused: made(3), accepted: made('KVM_HC_VAPIC_POLL_IRQ') },
})
