import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { isShort } from './short.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxWithoutVmcs = behaviour<SetNestedState, boolean>({
  id: 'nested-vmx-without-vmcs',
  catalogue: 'nested-set-vmx',
  says: 'a state without room for a VMCS is one of VMX operation without a current one',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: isShort,
      witness: { in: aSetVmx({}, { given: { size: 128 } }), out: true },
    },
  ],
})
