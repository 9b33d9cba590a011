import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { emptyNestedState, enteredVmx, leftNested } from '../../nested-state.ts'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetNothing } from './witness.ts'

const inL2 = aSetNothing({ state: { ...enteredVmx(emptyNestedState('vmx'), 0x1000n), guestMode: true } })

export const nestedVmxLeft = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-left',
  catalogue: 'nested-set-vmx',
  says: 'whatever the guest was at, it is put out of L2 and of VMX operation: what is refused from here on leaves it there',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, progress: 'left', state: leftNested(call.state) }),
      witness: { in: inL2, out: { ...inL2, progress: 'left', state: emptyNestedState('vmx') } },
    },
  ],
})
