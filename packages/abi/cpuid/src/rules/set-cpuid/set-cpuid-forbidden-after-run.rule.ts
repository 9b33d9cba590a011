import { between, rule } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall, tableTo } from './a-call.ts'
import { allowEqual, forbidAfterRun } from './where-read.ts'

/** For three releases the kernel refused even the very same table, and broke vCPU hot-plug. */
export const setCpuidForbiddenAfterRun = rule<SetCpuidCall>({
  id: 'set-cpuid-forbidden-after-run',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'once a vCPU has entered the guest, its CPUID table cannot be set at all, whatever the arguments are',
  lifetime: between('5.16', '5.17', { '5.16': { until: '5.16.3' } }),
  errno: 'EINVAL',
  bug: { says: 'it refused the table that the vCPU had', fixedBy: 'set-cpuid-immutable-after-run' },
  sources: [forbidAfterRun, allowEqual],
  evidence: 'mail',
  refuses: ({ hasRun }) => hasRun,
  witness: { refused: aCall({ hasRun: true, stored: tableTo(1) }), accepted: aCall() },
})
