import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxVmcsFault = rule<SetNestedState>({
  id: 'nested-vmx-vmcs-fault',
  catalogue: 'nested-set-vmx',
  says: 'the VMCS can be read',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { first } }) => first === undefined,
  witness: { refused: aSetVmx({}, { given: { first: undefined } }), accepted: aSetVmx() },
})
