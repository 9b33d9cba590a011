import { rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type BulkCall, threeEntries } from './call.ts'

export const msrsHeaderFault = rule<BulkCall>({
  id: 'msrs-header-fault',
  catalogue: 'msr-bulk-limits',
  says: 'the header of struct kvm_msrs must be readable',
  lifetime: { mainline: {} },
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'msr_io', '6.12'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ faults }) => faults.has('header'),
  witness: { refused: { ...threeEntries, faults: new Set(['header']) }, accepted: threeEntries },
})
