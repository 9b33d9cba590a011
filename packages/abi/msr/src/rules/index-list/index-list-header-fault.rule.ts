import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type IndexListCall, roomForTwo } from './call.ts'

export const indexListHeaderFault = rule<IndexListCall>({
  id: 'index-list-header-fault',
  catalogue: 'msr-index-list',
  says: 'the count of struct kvm_msr_list must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_dev_ioctl', '6.12'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ faults }) => faults.has('read header'),
  witness: { refused: { ...roomForTwo, faults: new Set(['read header']) }, accepted: roomForTwo },
})
