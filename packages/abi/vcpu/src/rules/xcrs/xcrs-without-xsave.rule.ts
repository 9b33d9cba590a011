import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { aSetXcr0 } from '../witnesses.ts'

export const xcrsWithoutXsave = rule<SetXcrsCall>({
  id: 'xcrs-without-xsave',
  catalogue: 'xcrs',
  says: 'the host must have XSAVE',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_xcrs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_xcrs', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ hostHasXsave }) => !hostHasXsave,
  witness: { refused: aSetXcr0(1n, { hostHasXsave: false }), accepted: aSetXcr0(1n) },
})
