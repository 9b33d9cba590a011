import { nestedFlags } from '@vmm/kvm-uapi'
import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetL2 } from './witness.ts'

const { RUN_PENDING, MTF_PENDING } = nestedFlags.value
const pendingL2 = aSetL2({}, { given: { flags: 3 } })

export const nestedVmxPendingKept = behaviour<SetNestedState, SetNestedState>({
  id: 'nested-vmx-pending-kept',
  catalogue: 'nested-set-vmx',
  says: 'an entry that is pending and a monitor trap that is due are kept',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => {
        const runPending = (call.given.flags & RUN_PENDING) !== 0
        const mtfPending = (call.given.flags & MTF_PENDING) !== 0
        return { ...call, progress: 'entering', state: { ...call.state, runPending, mtfPending } }
      },
      witness: {
        in: aSetL2({}, { given: { flags: 3 } }),
        out: { ...pendingL2, progress: 'entering', state: { ...pendingL2.state, runPending: true } },
      },
    },
  ],
})
