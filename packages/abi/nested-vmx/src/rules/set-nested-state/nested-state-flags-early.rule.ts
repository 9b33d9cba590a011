import { nestedFlags } from '@vmm/kvm-uapi'
import { rule, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

const { GUEST_MODE, RUN_PENDING, EVMCS, MTF_PENDING } = nestedFlags.value

export const nestedStateFlagsEarly = rule<SetNestedState>({
  id: 'nested-state-flags-early',
  catalogue: 'nested-set-common',
  says: 'flags are those of L2, of an entry that is pending, and of an enlightened VMCS',
  lifetime: until('5.6', { '5.4': 'unread' }),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_ioctl', '6.12.117'),
    commit('5ef8acbdd687', 'KVM: nVMX: Emulate MTF when performing instruction emulation'),
  ],
  evidence: 'source',
  refuses: ({ given: { flags } }) => (flags & ~(GUEST_MODE | RUN_PENDING | EVMCS)) !== 0,
  witness: { refused: aSetNothing({ given: { flags: MTF_PENDING } }), accepted: aSetNothing() },
})
