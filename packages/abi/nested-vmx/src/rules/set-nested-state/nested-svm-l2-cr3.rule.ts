import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isLegal } from '../../checks/vmcs-check.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmL2Cr3 = rule<SetNestedState>({
  id: 'nested-svm-l2-cr3',
  catalogue: 'nested-set-svm',
  says: 'the CR3 that the vCPU has is an address that the guest can have: this is seen when L2 is entered already',
  lifetime: since({ absentIn: '5.10', presentIn: '5.15' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ vcpu }) => !isLegal({ vcpu }, vcpu.cr3),
  witness: { refused: aSetSvm({}, { vcpu: { cr3: 1n << 50n } }), accepted: aSetSvm() },
})
