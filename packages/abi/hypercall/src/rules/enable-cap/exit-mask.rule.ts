import { rule, since } from '@vmm/rule'
import { kernelDoc, kernelSource, probe } from '@vmm/source'
import { type ExitHypercallRule, exitHypercallMask } from './case.ts'

export const exitMask: ExitHypercallRule = rule({
  id: 'cap-exit-hypercall-mask',
  catalogue: 'cap-exit-hypercall',
  says: 'a VM can be asked for the exits of those hypercalls only that may exit',
  lifetime: since('5.14'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192'),
    kernelDoc('Documentation/virt/kvm/api.rst', '8.34 KVM_CAP_EXIT_HYPERCALL'),
    probe('capabilities', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ asked }) => (asked & ~exitHypercallMask) !== 0n,
  witness: { refused: { asked: 1n, exits: 0n }, accepted: { asked: exitHypercallMask, exits: 0n } },
})
