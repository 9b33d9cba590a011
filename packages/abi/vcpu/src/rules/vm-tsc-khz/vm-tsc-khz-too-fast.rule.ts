import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetTscKhzCall } from '../calls.ts'
import { aSetTscKhz } from '../witnesses.ts'

export const vmTscKhzTooFast = rule<SetTscKhzCall>({
  id: 'vm-tsc-khz-too-fast',
  catalogue: 'tsc-khz',
  says: 'a TSC that is scaled is slower than the most that the processor can',
  lifetime: since('5.18'),
  errno: 'EINVAL',
  sources: [
    commit('ffbb61d09fc5', 'KVM: x86: Accept KVM_[GS]ET_TSC_KHZ as a VM ioctl.'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
  ],
  evidence: 'mail',
  refuses: ({ given, scaling, mostKhz }) => scaling && given >= mostKhz,
  witness: {
    refused: aSetTscKhz({ scaling: true, mostKhz: 3_000_000, given: 3_000_000 }),
    accepted: aSetTscKhz({ scaling: true, mostKhz: 3_000_000, given: 2_999_999 }),
  },
})
