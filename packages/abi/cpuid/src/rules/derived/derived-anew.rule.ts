import { always, behaviour } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from '../set-cpuid/a-call.ts'
import { after612, after616 } from '../set-cpuid/where-read.ts'

/** The PMU's capabilities begin anew; the vendor's module ties VMX, SVM and SGX to the table. */
export const derivedAnew = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'derived-anew',
  catalogue: 'set-cpuid-side-effects',
  says: 'the PMU, the CR4 mask, the vendor module and the MMU are set up for the new table',
  sources: [after612, after616],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, effects: [...call.effects, { kind: 'derived-anew' }] }),
      witness: { in: aCall(), out: aCall({ effects: [{ kind: 'derived-anew' }] }) },
    },
  ],
})
