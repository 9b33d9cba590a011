import { probe, type Source } from '@vmm/source'

/** Kernels that were asked through calls on their state: the recordings are `cases/state-calls` of `@vmm/kvm`. */
export const askedCalls: Source = probe('state-calls', 'Linux 6.1.192 and 6.12.113, kvm_amd under QEMU')
/** Kernels that were asked for what needs more than our door has: the recordings are `cases/state-rules`. */
export const askedRules: Source = probe('state-rules', 'Linux 6.1.192 and 6.12.113, kvm_amd under QEMU')
/** Likewise, what older kernels do not have, and what kernels without CONFIG_KVM_SMM do. */
export const askedNewer: Source = probe('state-rules', 'Linux 6.18.44, kvm_pvm')
