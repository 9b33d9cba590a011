import { nestedFlags } from '@vmm/kvm-uapi'
import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmL2InSmm = rule<SetNestedState>({
  id: 'nested-svm-l2-in-smm',
  catalogue: 'nested-set-svm',
  says: 'in SMM L2 does not run',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags }, vcpu: { inSmm } }) => inSmm && (flags & nestedFlags.value.GUEST_MODE) !== 0,
  witness: {
    refused: aSetSvm({}, { vcpu: { inSmm: true } }),
    accepted: aSetSvm({}, { given: { flags: 0x100 }, vcpu: { inSmm: true } }),
  },
})
