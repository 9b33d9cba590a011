import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxCurrent = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-current',
  catalogue: 'nested-set-vmx',
  says: 'the VMCS becomes the current one; without an address it is an enlightened one, which is mapped when the guest is entered',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const { vmcs12Address } = call.given
        return { ...call, state: { ...call.state, vmcs12Address, enlightenedVmcs: vmcs12Address === noAddress } }
      },
      witness: { in: aSetVmx(), out: { ...aSetVmx(), state: { ...aSetVmx().state, vmcs12Address: 0x2000n } } },
    },
  ],
})
