import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { revisionOf, vmcs12Of, vmcs12Revision } from '../../vmcs12/vmcs12.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxRevision = rule<SetNestedState>({
  id: 'nested-vmx-revision',
  catalogue: 'nested-revision',
  says: 'a VMCS begins with the revision 0x11e57ed0, and is none that another one shadows',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    kernelSource('arch/x86/kvm/vmx/vmcs12.h', 'VMCS12_REVISION', '6.12.117'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { first } }) => first !== undefined && revisionOf(first) !== vmcs12Revision,
  witness: { refused: aSetVmx({}, { given: { first: vmcs12Of({}, 0x11e5_7ed1) } }), accepted: aSetVmx() },
})
