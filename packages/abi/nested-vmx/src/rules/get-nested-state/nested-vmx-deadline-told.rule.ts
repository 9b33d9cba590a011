import { behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { emptyNestedState, type NestedState } from '../../nested-state.ts'
import { pinControls } from '../../vmcs12/controls.ts'
import { vmcs12Of, vmcs12Reader } from '../../vmcs12/vmcs12.ts'
import { askedVmx } from '../../where-recorded.ts'

const counts = ({ guestMode, vmcs12 }: NestedState): boolean =>
  guestMode && (vmcs12Reader(vmcs12)('PIN_BASED_VM_EXEC_CONTROL') & pinControls.PREEMPTION_TIMER) !== 0n

const untold = (state: NestedState): NestedState => ({ ...state, preemptionDeadline: undefined })

const vmcs12 = vmcs12Of({ PIN_BASED_VM_EXEC_CONTROL: pinControls.PREEMPTION_TIMER })
const timed: NestedState = { ...emptyNestedState('vmx'), guestMode: true, preemptionDeadline: 77n, vmcs12 }
const untimed: NestedState = { ...timed, vmcs12: vmcs12Of({}) }

export const nestedVmxDeadlineTold = behaviour<NestedState, NestedState>({
  id: 'nested-vmx-deadline-told',
  catalogue: 'nested-get',
  says: 'when the preemption timer runs out is told where L2 is active and its VMCS has that timer count',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_get_nested_state', '6.12.117'),
    commit('850448f35aaf', 'KVM: nVMX: Fix VMX preemption timer migration'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: until('5.8'),
      says: 'the header has no such field',
      does: untold,
      witness: { in: timed, out: untold(timed) },
    },
    {
      lifetime: since('5.8'),
      does: (state) => (counts(state) ? state : untold(state)),
      witness: { in: untimed, out: untold(untimed) },
    },
  ],
})
