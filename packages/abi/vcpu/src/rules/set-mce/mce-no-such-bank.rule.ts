import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMceCall } from '../calls.ts'

export const mceNoSuchBank = rule<SetMceCall>({
  id: 'mce-no-such-bank',
  catalogue: 'mce-inject',
  says: 'the bank must have been set up',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_mce', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_mce', '5.2'),
  ],
  evidence: 'source',
  refuses: ({ given: { bank }, banks }) => bank >= banks,
  witness: {
    refused: { given: { bank: 10, status: 1n << 63n }, banks: 10 },
    accepted: { given: { bank: 9, status: 1n << 63n }, banks: 10 },
  },
})
