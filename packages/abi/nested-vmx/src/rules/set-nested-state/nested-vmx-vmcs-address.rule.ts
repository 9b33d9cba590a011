import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isLegal } from '../../checks/vmcs-check.ts'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxVmcsAddress = rule<SetNestedState>({
  id: 'nested-vmx-vmcs-address',
  catalogue: 'nested-set-vmx',
  says: 'the current VMCS is a page that the guest can have',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmcs12Address }, vcpu }) =>
    vmcs12Address !== noAddress && !isLegal({ vcpu }, vmcs12Address, 0x1000n),
  witness: { refused: aSetVmx({}, { given: { vmcs12Address: 0x2001n } }), accepted: aSetVmx() },
})
