import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { GetNestedState } from './call.ts'
import { aGet, inL2 } from './witness.ts'

export const getNestedSizeTold = behaviour<GetNestedState, GetNestedState>({
  id: 'get-nested-size-told',
  catalogue: 'nested-get',
  says: 'where there is no room, the size that it takes is written into the header',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'), askedVmx],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, toldSize: call.needed > call.size ? call.needed : undefined }),
      witness: {
        in: aGet({ state: inL2, size: 128, needed: 4224 }),
        out: aGet({ state: inL2, size: 128, needed: 4224, toldSize: 4224 }),
      },
    },
  ],
})
