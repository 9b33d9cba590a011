import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { noAddress } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

export const nestedVmxOff = behaviour<SetNestedState, boolean>({
  id: 'nested-vmx-off',
  catalogue: 'nested-set-vmx',
  says: 'an address of all ones is no VMXON region: nothing more is looked at',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ given }) => given.vmxonAddress === noAddress,
      witness: { in: aSetNothing(), out: true },
    },
  ],
})
