import { nestedVmxFlags } from '@vmm/kvm-uapi'
import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetL2 } from './witness.ts'

const timed = aSetL2({}, { given: { vmxFlags: 1, preemptionDeadline: 77n } })

export const nestedVmxDeadline = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-deadline',
  catalogue: 'nested-set-vmx',
  says: 'when the preemption timer runs out is kept, where the header says so',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    commit('850448f35aaf', 'KVM: nVMX: Fix VMX preemption timer migration'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.8'),
      says: 'the header has no such field',
      does: (call) => call,
      witness: { in: timed, out: timed },
    },
    {
      lifetime: since('5.8'),
      does: (call) => {
        const { vmxFlags, preemptionDeadline } = call.given
        const kept = (vmxFlags & nestedVmxFlags.value.PREEMPTION_TIMER_DEADLINE) === 0 ? undefined : preemptionDeadline
        return { ...call, state: { ...call.state, preemptionDeadline: kept } }
      },
      witness: { in: timed, out: { ...timed, state: { ...timed.state, preemptionDeadline: 77n } } },
    },
  ],
})
