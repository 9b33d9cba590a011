import { between, rule } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCallAfterRun, tableTo } from './a-call.ts'
import { sameTable } from './same-table.ts'
import { allowEqual, compareFlags } from './where-read.ts'

/** The first equality compared all but `flags`. It never was in a mainline release. */
export const setCpuidImmutableButFlags = rule<SetCpuidCall>({
  id: 'set-cpuid-immutable-but-flags',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'once a vCPU has entered the guest, nothing of its CPUID table can change but flags',
  lifetime: between('5.17', '5.17', { '5.16': { since: '5.16.3', until: '5.16.5' } }),
  errno: 'EINVAL',
  bug: { says: 'flags of an entry could change', fixedBy: 'set-cpuid-immutable-after-run' },
  sources: [allowEqual, compareFlags],
  evidence: 'mail',
  refuses: ({ hasRun, incoming, stored }) => hasRun && !sameTable(incoming, stored, 'without flags'),
  witness: {
    refused: aCallAfterRun(tableTo(1), tableTo(0)),
    accepted: aCallAfterRun(tableTo(1), [{ ...tableTo(1)[0]!, flags: 1 }]),
  },
})
