import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { isLegal } from '../../checks/vmcs-check.ts'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxVmxonAddress = rule<SetNestedState>({
  id: 'nested-vmx-vmxon-address',
  catalogue: 'nested-set-vmx',
  says: 'the VMXON region is a page that the guest can have',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { vmxonAddress }, vcpu }) =>
    vmxonAddress !== noAddress && !isLegal({ vcpu }, vmxonAddress, 0x1000n),
  witness: { refused: aSetVmx({}, { given: { vmxonAddress: 1n } }), accepted: aSetVmx() },
})
