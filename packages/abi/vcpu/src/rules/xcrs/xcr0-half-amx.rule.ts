import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { isPart, ofXcr0 } from './first-xcr0.ts'

export const xcr0HalfAmx = rule<SetXcrsCall>({
  id: 'xcr0-half-amx',
  catalogue: 'xcr0-rules',
  says: 'the two components of AMX come together',
  lifetime: since('5.17'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
  ],
  evidence: 'memory',
  refuses: (call) => ofXcr0(call, (value) => isPart(value, 0x6_0000n)),
  witness: { refused: aSetXcr0(0x2_0003n), accepted: aSetXcr0(0x6_0003n) },
})
