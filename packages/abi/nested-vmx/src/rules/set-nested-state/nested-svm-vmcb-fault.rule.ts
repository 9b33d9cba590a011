import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmVmcbFault = rule<SetNestedState>({
  id: 'nested-svm-vmcb-fault',
  catalogue: 'nested-set-svm',
  says: 'both areas of the VMCB can be read',
  lifetime: since('5.8'),
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ given: { first } }) => first === undefined,
  witness: { refused: aSetSvm({}, { given: { first: undefined } }), accepted: aSetSvm() },
})
