import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXcr0 } from '../witnesses.ts'

export const xcrsFlags = rule<SetXcrsCall>({
  id: 'xcrs-flags',
  catalogue: 'xcrs',
  says: 'there is no flag',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_xcrs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_xcrs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => flags !== 0,
  witness: { refused: aSetXcr0(1n, { given: { nr_xcrs: 0, flags: 1, xcrs: [] } }), accepted: aSetXcr0(1n) },
})
