import type { Host } from '@vmm/cpuid'

/** The exit of a fetch from where no memory is, as each vendor's processor tells it: #VMEXIT(NPF), and EPT violation. */
const fetches = {
  // user, fetch, and the final address: APM 2 §15.25.6
  svm: { reason: 0x400n, info: 0x1_0000_0014n },
  // fetch, linear address valid, and the final address: SDM 3C §29.2.1, Table 29-7
  vmx: { reason: 0x30n, info: 0x184n },
} as const

/**
 * What KVM_EXIT_INTERNAL_ERROR tells of an instruction that could not be taken from memory: no flags, and why the processor came
 * back. Source: arch/x86/kvm/x86.c prepare_emulation_failure_exit (Linux 6.12).
 */
export function fetchFailure(vendorModule: Host['vendorModule'], address: number): readonly bigint[] {
  const { reason, info } = vendorModule === 'kvm_amd' ? fetches.svm : fetches.vmx
  const second = vendorModule === 'kvm_amd' ? BigInt(address) : 0n
  return [0n, reason, info, second, 0n, 0n]
}
