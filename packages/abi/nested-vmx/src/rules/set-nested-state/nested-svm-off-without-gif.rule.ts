import { nestedFlags } from '@vmm/kvm-uapi'
import { between, rule } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { efer } from '../../checks/registers.ts'
import { askedSvm } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetSvm } from './witness.ts'

export const nestedSvmOffWithoutGif = rule<SetNestedState>({
  id: 'nested-svm-off-without-gif',
  catalogue: 'nested-set-svm',
  says: 'without EFER.SVME there is no flag but GIF, which is set',
  lifetime: between('5.8', { absentIn: '6.19', presentIn: '7.1' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_set_nested_state', '6.1.192'),
    commit('cc440cdad5b7', 'KVM: nSVM: implement KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE'),
    askedSvm,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags }, vcpu }) => (vcpu.efer & efer.SVME) === 0n && flags !== nestedFlags.value.GIF_SET,
  witness: {
    refused: aSetSvm({}, { given: { flags: 0 }, vcpu: { efer: 0n } }),
    accepted: aSetSvm({}, { given: { flags: 0x100 }, vcpu: { efer: 0n } }),
  },
})
