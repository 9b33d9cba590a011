import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxVmcsIsVmxon = rule<SetNestedState>({
  id: 'nested-vmx-vmcs-is-vmxon',
  catalogue: 'nested-set-vmx',
  says: 'the current VMCS is not the VMXON region',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxonAddress, vmcs12Address } }) => vmcs12Address === vmxonAddress,
  witness: { refused: aSetVmx({}, { given: { vmcs12Address: 0x1000n } }), accepted: aSetVmx() },
})
