import { probe, type Source } from '@vmm/source'

/** Scenarios `dispatch` of `cases/kernel`, and what kernels answered. */
export const recordedDispatch: Source = probe(
  'dispatch',
  'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm',
)
