import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { vmcbBytes } from '../../vmcb12/vmcb12.ts'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmNoRoomForVmcb = rule<SetNestedState>({
  id: 'nested-svm-no-room-for-vmcb',
  catalogue: 'nested-set-svm',
  says: 'a state with L2 has room for a VMCB: 4096 bytes',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    askedSvm,
  ],
  evidence: 'recorded',
  refuses: ({ given: { size } }) => size < 128 + vmcbBytes,
  witness: { refused: aSetSvm({}, { given: { size: 4223 } }), accepted: aSetSvm() },
})
