import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmFormat = rule<SetNestedState>({
  id: 'nested-svm-format',
  catalogue: 'nested-set-svm',
  says: 'the nested state of SVM has format 1',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  refuses: ({ given: { format } }) => format !== 1,
  witness: { refused: aSetSvm({}, { given: { format: 0 } }), accepted: aSetSvm() },
})
