import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { GetNestedState } from './call.ts'
import { neededBytes } from './told.ts'
import { aGet, inL2 } from './witness.ts'

export const getNestedCounted = behaviour<GetNestedState, GetNestedState>({
  id: 'get-nested-counted',
  catalogue: 'nested-get',
  says: '128 bytes are told, 4096 more with a VMCS or a VMCB that runs, 4096 more with the VMCS that one shadows while L2 runs',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_get_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/svm/nested.c', 'svm_get_nested_state', '6.12.117'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, needed: neededBytes(call) }),
      witness: { in: aGet({ state: inL2 }), out: aGet({ state: inL2, needed: 4224 }) },
    },
  ],
})
