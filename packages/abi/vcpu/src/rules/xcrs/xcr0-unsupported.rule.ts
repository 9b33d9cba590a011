import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { ofXcr0 } from './first-xcr0.ts'

export const xcr0Unsupported = rule<SetXcrsCall>({
  id: 'xcr0-unsupported',
  catalogue: 'xcr0-rules',
  says: 'a guest has the components that its CPUID offers',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: (call) => ofXcr0(call, (value, supported) => (value & ~(supported | 1n)) !== 0n),
  witness: { refused: aSetXcr0(0x103n), accepted: aSetXcr0(0x203n) },
})
