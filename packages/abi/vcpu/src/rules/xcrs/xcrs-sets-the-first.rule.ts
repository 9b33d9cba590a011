import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { firstXcr0 } from './first-xcr0.ts'

export const xcrsSetsTheFirst = behaviour<SetXcrsCall, SetXcrsCall>({
  id: 'xcrs-sets-the-first',
  catalogue: 'xcrs',
  says: 'of the registers that are given the first XCR0 is set; a list without it changes nothing',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_xcrs', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_xcrs', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, xcr0: firstXcr0(call) ?? call.xcr0 }),
      witness: { in: aSetXcr0(7n), out: aSetXcr0(7n, { xcr0: 7n }) },
    },
  ],
})
