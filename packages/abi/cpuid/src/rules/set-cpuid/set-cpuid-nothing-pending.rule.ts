import { behaviour, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { deferUpdates, set616 } from './where-read.ts'

const due = aCall({ pending: true })

/** Whatever table was updated: the mark is the vCPU's, not the table's. */
export const setCpuidNothingPending = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-nothing-pending',
  catalogue: 'set-cpuid-runtime-before-compare',
  says: 'after a runtime update none is due',
  sources: [deferUpdates, set616],
  evidence: 'source',
  versions: [
    {
      lifetime: since('6.15'),
      does: (call) => (call.pending ? { ...call, pending: false } : call),
      witness: { in: due, out: aCall() },
    },
  ],
})
