import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { isPart, ofXcr0 } from './first-xcr0.ts'

export const xcr0PartOfAvx512 = rule<SetXcrsCall>({
  id: 'xcr0-part-of-avx512',
  catalogue: 'xcr0-rules',
  says: 'the three components of AVX-512 come together',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
  ],
  evidence: 'source',
  refuses: (call) => ofXcr0(call, (value) => isPart(value, 0xe0n)),
  witness: { refused: aSetXcr0(0x27n), accepted: aSetXcr0(0xe7n) },
})
