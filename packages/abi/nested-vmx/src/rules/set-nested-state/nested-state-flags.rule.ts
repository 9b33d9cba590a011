import { nestedFlags } from '@vmm/kvm-uapi'
import { rule, since } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

const { GUEST_MODE, RUN_PENDING, EVMCS, MTF_PENDING, GIF_SET } = nestedFlags.value

export const nestedStateFlags = rule<SetNestedState>({
  id: 'nested-state-flags',
  catalogue: 'nested-set-common',
  says: 'flags are those that there are',
  lifetime: since('5.8'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    commit('cc440cdad5b7', 'KVM: nSVM: implement KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { flags } }) => (flags & ~(GUEST_MODE | RUN_PENDING | EVMCS | MTF_PENDING | GIF_SET)) !== 0,
  witness: { refused: aSetNothing({ given: { flags: 0x10 } }), accepted: aSetNothing() },
})
