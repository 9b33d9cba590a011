import { probe, type Source } from '@vmm/source'

/** Kernels that were asked through calls on their state: `cases/kernel/state-calls.txt` of `@vmm/kvm`. */
export const askedCalls: Source = probe(
  'state-calls',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
/** What goes by interrupt controllers, SMM and time: `cases/kernel/state-rules.txt` there. */
export const askedRules: Source = probe(
  'state-rules',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
/** Likewise, what older kernels do not have, and what kernels without CONFIG_KVM_SMM do. */
export const askedNewer: Source = probe('state-rules', 'Linux 6.18.44, kvm_pvm')
