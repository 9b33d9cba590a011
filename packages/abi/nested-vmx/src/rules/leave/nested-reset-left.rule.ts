import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { leftNested, type NestedState } from '../../nested-state.ts'
import { svmL2 } from './witness.ts'

export const nestedResetLeft = behaviour<NestedState, NestedState>({
  id: 'nested-reset-left',
  catalogue: 'nested-leave-on-init',
  says: 'a vCPU that is reset by INIT is out of L2',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_reset', '6.12.117'),
    commit('ed129ec9057f', 'KVM: x86: forcibly leave nested mode on vCPU reset'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: until('6.1', { '5.10': 'unread', '5.15': { until: '5.15.81' }, '6.0': { until: '6.0.11' } }),
      says: 'L2 goes on with the registers of a reset',
      bug: 'L1 never sees L2 end',
      does: (state) => state,
      witness: { in: svmL2, out: svmL2 },
    },
    {
      lifetime: since('6.1', { '5.10': 'unread', '5.15': '5.15.81', '6.0': '6.0.11' }),
      does: (state) => (state.guestMode ? leftNested(state) : state),
      witness: { in: svmL2, out: leftNested(svmL2) },
    },
  ],
})
