import { rule, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCallAfterRun, tableTo } from './a-call.ts'
import { sameTable } from './same-table.ts'
import { allowEqual, apiSetCpuid, asked, set61, set612 } from './where-read.ts'

/** Setting the very same table again is allowed: user space does so when it plugs a vCPU back in. */
export const setCpuidImmutableAfterRun = rule<SetCpuidCall>({
  id: 'set-cpuid-immutable-after-run',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'once a vCPU has entered the guest, its CPUID table cannot change',
  lifetime: since('5.17', { '5.16': '5.16.3' }),
  errno: 'EINVAL',
  sources: [allowEqual, set61, set612, apiSetCpuid, asked],
  evidence: 'recorded',
  refuses: ({ hasRun, incoming, stored }) => hasRun && !sameTable(incoming, stored, 'without flags'),
  witness: { refused: aCallAfterRun(tableTo(1), tableTo(0)), accepted: aCallAfterRun(tableTo(1), tableTo(1)) },
})
