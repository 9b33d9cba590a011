import type { Undone } from '@vmm/rule'
import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVmx } from '../../where-recorded.ts'
import type { SetNestedState } from './call.ts'
import { aSetL2 } from './witness.ts'

const refused: SetNestedState = { ...aSetL2({}, { state: { runPending: true } }), progress: 'entering' }

export const nestedVmxEntryDropped = behaviour<Undone<SetNestedState>, SetNestedState>({
  id: 'nested-vmx-entry-dropped',
  catalogue: 'nested-set-vmx',
  says: 'a call that is refused on the way into L2 drops the entry that was pending; everything else stays as far as it came',
  sources: [
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.12.117'),
    kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_set_nested_state', '6.1.192'),
    askedVmx,
  ],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: ({ at }) => (at.progress === 'entering' ? { ...at, state: { ...at.state, runPending: false } } : at),
      witness: {
        in: { before: refused, at: refused },
        out: { ...refused, state: { ...refused.state, runPending: false } },
      },
    },
  ],
})
