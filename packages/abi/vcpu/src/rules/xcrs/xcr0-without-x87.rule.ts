import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { ofXcr0 } from './first-xcr0.ts'

export const xcr0WithoutX87 = rule<SetXcrsCall>({
  id: 'xcr0-without-x87',
  catalogue: 'xcr0-rules',
  says: 'XCR0 always has x87 state',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: (call) => ofXcr0(call, (value) => (value & 1n) === 0n),
  witness: { refused: aSetXcr0(2n), accepted: aSetXcr0(3n) },
})
