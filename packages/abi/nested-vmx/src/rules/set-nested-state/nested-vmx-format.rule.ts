import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxFormat = rule<SetNestedState>({
  id: 'nested-vmx-format',
  catalogue: 'nested-set-vmx',
  says: 'the nested state of VMX has format 0',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  refuses: ({ given: { format } }) => format !== 0,
  witness: { refused: aSetVmx({}, { given: { format: 1 } }), accepted: aSetVmx() },
})
