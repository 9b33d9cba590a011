import { nestedFlags } from '@vmm/kvm-uapi'
import { behaviour, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmInL1 = behaviour<SetNestedState, boolean>({
  id: 'nested-svm-in-l1',
  catalogue: 'nested-set-svm',
  says: 'without the flag of L2 nothing more is looked at',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: since('5.8'),
      does: ({ given: { flags } }) => (flags & nestedFlags.value.GUEST_MODE) === 0,
      witness: { in: aSetSvm({}, { given: { flags: 0x100 } }), out: true },
    },
  ],
})
