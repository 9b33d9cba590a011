import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { GetXsaveCall } from '../calls.ts'
import { aGetXsave } from '../witnesses.ts'

export const xsaveGetLegacySize = rule<GetXsaveCall>({
  id: 'xsave-get-legacy-size',
  catalogue: 'xsave-get-legacy-size',
  says: 'an area of more than 4096 bytes does not fit in KVM_GET_XSAVE',
  lifetime: since('5.17'),
  errno: 'EINVAL',
  sources: [
    commit('be50b2065dfa', 'kvm: x86: Add support for getting/setting expanded xstate buffer'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.1.192'),
  ],
  evidence: 'mail',
  refuses: ({ areaBytes }) => areaBytes > 4096,
  witness: { refused: aGetXsave({ areaBytes: 11_008 }), accepted: aGetXsave() },
})
