import { nestedFlags } from '@vmm/kvm-uapi'
import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

const { GUEST_MODE, RUN_PENDING, GIF_SET } = nestedFlags.value

export const nestedSvmFlags = rule<SetNestedState>({
  id: 'nested-svm-flags',
  catalogue: 'nested-set-svm',
  says: 'flags are those of L2, of an entry that is pending, and of GIF',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => (flags & ~(GUEST_MODE | RUN_PENDING | GIF_SET)) !== 0,
  witness: { refused: aSetSvm({}, { given: { flags: 0x105 } }), accepted: aSetSvm() },
})
