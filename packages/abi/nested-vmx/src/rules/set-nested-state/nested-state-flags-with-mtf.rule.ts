import { nestedFlags } from '@vmm/kvm-uapi'
import { between, rule } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

const { GUEST_MODE, RUN_PENDING, EVMCS, MTF_PENDING, GIF_SET } = nestedFlags.value

export const nestedStateFlagsWithMtf = rule<SetNestedState>({
  id: 'nested-state-flags-with-mtf',
  catalogue: 'nested-set-common',
  says: 'flags are those of L2, of an entry that is pending, of an enlightened VMCS, and of a monitor trap that is due',
  lifetime: between('5.6', '5.8', { '5.4': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    commit('5ef8acbdd687', 'KVM: nVMX: Emulate MTF when performing instruction emulation'),
    commit('cc440cdad5b7', 'KVM: nSVM: implement KVM_GET_NESTED_STATE and KVM_SET_NESTED_STATE'),
  ],
  evidence: 'source',
  refuses: ({ given: { flags } }) => (flags & ~(GUEST_MODE | RUN_PENDING | EVMCS | MTF_PENDING)) !== 0,
  witness: { refused: aSetNothing({ given: { flags: GIF_SET } }), accepted: aSetNothing() },
})
