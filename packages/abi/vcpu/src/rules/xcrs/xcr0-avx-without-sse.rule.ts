import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetXcrsCall } from '../calls.ts'
import { askedCalls } from '../where-recorded.ts'
import { aSetXcr0 } from '../witnesses.ts'
import { ofXcr0 } from './first-xcr0.ts'

export const xcr0AvxWithoutSse = rule<SetXcrsCall>({
  id: 'xcr0-avx-without-sse',
  catalogue: 'xcr0-rules',
  says: 'AVX state needs SSE state',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_set_xcr', '6.1.192'),
    askedCalls,
  ],
  evidence: 'recorded',
  refuses: (call) => ofXcr0(call, (value) => (value & 6n) === 4n),
  witness: { refused: aSetXcr0(5n), accepted: aSetXcr0(7n) },
})
