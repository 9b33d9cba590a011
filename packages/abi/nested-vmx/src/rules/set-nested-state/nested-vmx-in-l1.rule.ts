import { nestedFlags } from '@vmm/kvm-uapi'
import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetVmx } from './witness.ts'

export const nestedVmxInL1 = behaviour<SetNestedState, boolean>({
  id: 'nested-vmx-in-l1',
  catalogue: 'nested-set-vmx',
  says: 'without the flag of L2 that is all: the VMCS stays current',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ given: { flags } }) => (flags & nestedFlags.value.GUEST_MODE) === 0,
      witness: { in: aSetVmx(), out: true },
    },
  ],
})
