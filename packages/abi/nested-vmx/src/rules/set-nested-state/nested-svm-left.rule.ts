import { nestedFlags } from '@vmm/kvm-uapi'
import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { leftNested } from '../../nested-state.ts'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

const { GUEST_MODE, GIF_SET } = nestedFlags.value
const empty = aSetSvm({}, { given: { flags: 0 } })

export const nestedSvmLeft = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-svm-left',
  catalogue: 'nested-set-svm',
  says: 'without the flag of L2 the vCPU is put out of it, and GIF is as the flags say',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since('5.8'),
      does: (call) => {
        if ((call.given.flags & GUEST_MODE) !== 0) return call
        return {
          ...call,
          progress: 'left',
          state: { ...leftNested(call.state), gif: (call.given.flags & GIF_SET) !== 0 },
        }
      },
      witness: { in: empty, out: { ...empty, progress: 'left', state: { ...empty.state, gif: false } } },
    },
  ],
})
