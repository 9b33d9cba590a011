import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { guestWrites } from '../witness.ts'

const written = guestWrites(0xc001_0015, 0x4_0148n)

export const hwcrIgnoredBits = behaviour<MsrCall, MsrCall>({
  id: 'hwcr-ignored-bits',
  catalogue: 'hwcr',
  says: 'HWCR forgets TLB_CACHE_DIS, FF_DIS and IGNNE_EM before anything is checked',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_set_msr_common', '6.12')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => (call.index === 0xc001_0015 ? { ...call, data: call.data & ~0x148n } : call),
      witness: { in: written, out: { ...written, data: 0x4_0000n } },
    },
  ],
})
