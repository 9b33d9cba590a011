import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { cr0 } from '../../checks/registers.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmL2Cr0Cache = rule<SetNestedState>({
  id: 'nested-svm-l2-cr0-cache',
  catalogue: 'nested-set-svm',
  says: 'to enter L2, the CR0 that the vCPU has is not NW without CD: it is L2’s by now',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
  ],
  evidence: 'source',
  refuses: ({ vcpu }) => (vcpu.cr0 & (cr0.CD | cr0.NW)) === cr0.NW,
  witness: { refused: aSetSvm({}, { vcpu: { cr0: 0xa000_0011n } }), accepted: aSetSvm() },
})
