import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { enteredVmx } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxOn = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-on',
  catalogue: 'nested-set-vmx',
  says: 'VMX operation begins, without a current VMCS',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, state: enteredVmx(call.state, call.given.vmxonAddress) }),
      witness: { in: aSetVmx(), out: { ...aSetVmx(), state: enteredVmx(aSetVmx().state, 0x1000n) } },
    },
  ],
})
