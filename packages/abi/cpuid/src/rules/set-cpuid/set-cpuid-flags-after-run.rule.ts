import { rule, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCallAfterRun, tableTo } from './a-call.ts'
import { sameTable } from './same-table.ts'
import { asked, compareFlags, set61, set612 } from './where-read.ts'

const flagged = tableTo(1).map((entry) => ({ ...entry, flags: 1 }))

/** The first two stable releases that compared tables forgot the flags. */
export const setCpuidFlagsAfterRun = rule<SetCpuidCall>({
  id: 'set-cpuid-flags-after-run',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'once a vCPU has entered the guest, the flags of its CPUID entries cannot change either',
  lifetime: since('5.17', { '5.16': '5.16.5' }),
  errno: 'EINVAL',
  sources: [compareFlags, set61, set612, asked],
  evidence: 'recorded',
  refuses: ({ hasRun, incoming, stored }) =>
    hasRun && sameTable(incoming, stored, 'without flags') && !sameTable(incoming, stored, 'with flags'),
  witness: { refused: aCallAfterRun(flagged, tableTo(1)), accepted: aCallAfterRun(tableTo(1), tableTo(1)) },
})
