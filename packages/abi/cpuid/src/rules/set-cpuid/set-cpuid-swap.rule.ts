import { behaviour, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'
import { set616, swapTables } from './where-read.ts'

const call = aCall({ stored: tableTo(1), incoming: tableTo(2) })

/** What follows works on the vCPU's own table, and the old one is put back where something refuses. */
export const setCpuidSwap = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-swap',
  catalogue: 'set-cpuid-runtime-before-compare',
  says: 'the new table and the old one change places',
  sources: [swapTables, set616],
  evidence: 'source',
  versions: [
    {
      lifetime: since('6.14'),
      does: (call) => ({ ...call, stored: call.incoming, incoming: call.stored, installed: true }),
      witness: { in: call, out: { ...call, stored: call.incoming, incoming: call.stored, installed: true } },
    },
  ],
})
