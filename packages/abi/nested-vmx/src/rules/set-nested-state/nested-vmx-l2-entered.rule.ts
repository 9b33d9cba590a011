import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isLegalCr3 } from '../../checks/vmcs-check.ts'
import { vmcs12Reader } from '../../vmcs12/vmcs12.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetL2 } from './witness.ts'

export const nestedVmxL2Entered = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-l2-entered',
  catalogue: 'nested-set-vmx',
  says: 'L2 is entered without running: the vCPU’s registers are those of the VMCS’s guest. With a CR3 beyond what the guest can have it is not, and the call returns 2, which is no error',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'nested_vmx_enter_non_root_mode', '6.12.117'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const cr3 = vmcs12Reader(call.state.vmcs12)('GUEST_CR3')
        if (isLegalCr3(call, cr3)) return { ...call, state: { ...call.state, guestMode: true } }
        return { ...call, returned: 2, state: { ...call.state, runPending: false } }
      },
      witness: { in: aSetL2(), out: { ...aSetL2(), state: { ...aSetL2().state, guestMode: true } } },
    },
  ],
})
