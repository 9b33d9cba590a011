import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetMceCall } from '../calls.ts'

export const mceNotValid = rule<SetMceCall>({
  id: 'mce-not-valid',
  catalogue: 'mce-inject',
  says: 'the status must say that it is valid',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_mce', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_mce', '5.2'),
  ],
  evidence: 'source',
  refuses: ({ given: { status } }) => status >> 63n === 0n,
  witness: {
    refused: { given: { bank: 0, status: 0n }, banks: 10 },
    accepted: { given: { bank: 0, status: 1n << 63n }, banks: 10 },
  },
})
