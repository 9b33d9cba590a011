import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { ofXcr0 } from './first-xcr0.ts'

export const xcr0Avx512WithoutAvx = rule<SetXcrsCall>({
  id: 'xcr0-avx512-without-avx',
  catalogue: 'xcr0-rules',
  says: 'AVX-512 state needs AVX state',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
  ],
  evidence: 'source',
  refuses: (call) => ofXcr0(call, (value) => (value & 0xe0n) !== 0n && (value & 4n) === 0n),
  witness: { refused: aSetXcr0(0xe3n), accepted: aSetXcr0(0xe7n) },
})
