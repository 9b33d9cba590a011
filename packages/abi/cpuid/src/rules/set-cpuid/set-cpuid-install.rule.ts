import { always, behaviour } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'
import { asked, set612 } from './where-read.ts'

const call = aCall({ stored: tableTo(1), incoming: tableTo(2) })

/** In any order, with whatever it says: user space is its owner. */
export const setCpuidInstall = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-install',
  catalogue: 'set-cpuid-no-sanity',
  says: "the new table is put in the old one's place, as it is and in its own order",
  sources: [set612, asked],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, stored: call.incoming, installed: true }),
      witness: { in: call, out: { ...call, stored: call.incoming, installed: true } },
    },
  ],
})
