import { nestedFlags } from '@vmm/kvm-uapi'
import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxNoVmcs = rule<SetNestedState>({
  id: 'nested-vmx-no-vmcs',
  catalogue: 'nested-set-vmx',
  says: 'a state with room for a VMCS has a current one, or an enlightened one',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmcs12Address, flags } }) =>
    vmcs12Address === noAddress && (flags & nestedFlags.value.EVMCS) === 0,
  witness: { refused: aSetVmx({}, { given: { vmcs12Address: noAddress } }), accepted: aSetVmx() },
})
