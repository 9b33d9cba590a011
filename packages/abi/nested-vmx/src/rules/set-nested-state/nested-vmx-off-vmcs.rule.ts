import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedVmxOffVmcs = rule<SetNestedState>({
  id: 'nested-vmx-off-vmcs',
  catalogue: 'nested-set-vmx',
  says: 'outside VMX operation there is no current VMCS',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxonAddress, vmcs12Address } }) => vmxonAddress === noAddress && vmcs12Address !== noAddress,
  witness: { refused: aSetNothing({ given: { vmcs12Address: 0x2000n } }), accepted: aSetNothing() },
})
