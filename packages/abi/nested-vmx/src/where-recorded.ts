import { probe, type Source } from '@vmm/source'

/** Kernels that were asked for the nested state of VMX: the recordings are `cases/kernel` of `@vmm/kvm`. */
export const askedVmx: Source = probe(
  'nested-vmx, nested-l2-vmx',
  'Linux 6.12.117 and 6.1.192, kvm_intel under Bochs; 6.1.192 in a guest of ours as well',
)

/** Kernels whose guests executed VMXON, VMLAUNCH and VMRESUME. */
export const askedVmxEntries: Source = probe('nested-vmx-entries', 'Linux 6.12.117 and 6.1.192, kvm_intel under Bochs')

/** Kernels that were asked for that of SVM. */
export const askedSvm: Source = probe('nested-svm, nested-l2-svm', 'Linux 6.12.117 and 6.1.192, kvm_amd under QEMU')
