import { nestedFlags } from '@vmm/kvm-uapi'
import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { efer } from '../../checks/registers.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmOff = rule<SetNestedState>({
  id: 'nested-svm-off',
  catalogue: 'nested-set-svm',
  says: 'without EFER.SVME there is no flag but GIF, set or not',
  lifetime: since({ absentIn: '6.19', presentIn: '7.1' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '7.1')],
  evidence: 'source',
  refuses: ({ given: { flags }, vcpu }) => (vcpu.efer & efer.SVME) === 0n && (flags & ~nestedFlags.value.GIF_SET) !== 0,
  witness: {
    refused: aSetSvm({}, { given: { flags: 1 }, vcpu: { efer: 0n } }),
    accepted: aSetSvm({}, { given: { flags: 0 }, vcpu: { efer: 0n } }),
  },
})
