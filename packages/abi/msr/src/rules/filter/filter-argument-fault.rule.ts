import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { aFilter, type SetFilterCall } from './filter.ts'

export const filterArgumentFault = rule<SetFilterCall>({
  id: 'filter-argument-fault',
  catalogue: 'msr-filter-set',
  says: 'struct kvm_msr_filter must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ fault }) => fault,
  witness: { refused: { ...aFilter, fault: true }, accepted: aFilter },
})
