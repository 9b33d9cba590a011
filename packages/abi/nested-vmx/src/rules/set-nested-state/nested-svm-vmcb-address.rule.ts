import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isLegal } from '../../checks/vmcs-check.ts'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmVmcbAddress = rule<SetNestedState>({
  id: 'nested-svm-vmcb-address',
  catalogue: 'nested-set-svm',
  says: 'the VMCB is a page that the guest can have',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmcbAddress }, vcpu }) => !isLegal({ vcpu }, vmcbAddress, 0x1000n),
  witness: { refused: aSetSvm({}, { given: { vmcbAddress: 0x3001n } }), accepted: aSetSvm() },
})
