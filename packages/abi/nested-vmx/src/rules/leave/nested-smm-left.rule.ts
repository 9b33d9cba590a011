import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { emptyNestedState, leftNested, type NestedState } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SmmSet } from './call.ts'
import { vmxL2 } from './witness.ts'

export const nestedSmmLeft = behaviour<SmmSet, NestedState>({
  id: 'nested-smm-left',
  catalogue: 'nested-smm-toggle',
  says: 'user space that changes whether a vCPU is in SMM puts it out of L2 and of VMX operation',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_x86_set_vcpu_events', '6.12.117'),
    commit('f7e570780efc', 'KVM: x86: Forcibly leave nested virt when SMM state is toggled'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.17', {
        '5.4': 'unread',
        '5.10': { until: '5.10.97' },
        '5.15': { until: '5.15.19' },
        '5.16': { until: '5.16.5' },
      }),
      says: 'nested virtualization stays as it is',
      bug: 'a vCPU in SMM may be in L2',
      does: ({ state }) => state,
      witness: { in: { state: vmxL2, wasInSmm: false, inSmm: true }, out: vmxL2 },
    },
    {
      lifetime: since('5.17', { '5.4': 'unread', '5.10': '5.10.97', '5.15': '5.15.19', '5.16': '5.16.5' }),
      does: ({ state, wasInSmm, inSmm }) => (wasInSmm === inSmm ? state : leftNested(state)),
      witness: { in: { state: vmxL2, wasInSmm: false, inSmm: true }, out: emptyNestedState('vmx') },
    },
  ],
})
