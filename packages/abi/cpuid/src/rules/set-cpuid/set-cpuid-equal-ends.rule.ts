import { behaviour, since } from '@vmm/rule'
import { probe } from '@vmm/source'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCallAfterRun, tableTo } from './a-call.ts'
import { allowEqual, set612 } from './where-read.ts'

/** Nothing is checked, allocated or derived again. */
export const setCpuidEqualEnds = behaviour<SetCpuidCall, boolean>({
  id: 'set-cpuid-equal-ends',
  catalogue: 'set-cpuid-immutable-after-run',
  says: 'where the table cannot change, setting the same one again succeeds and does nothing more',
  sources: [allowEqual, set612, probe('nested-l2-vmx', 'Linux 6.1.192 and 6.12.117, kvm_intel under Bochs')],
  evidence: 'source',
  versions: [
    {
      lifetime: since('5.17', { '5.16': '5.16.3' }),
      does: ({ frozen }) => frozen,
      witness: { in: aCallAfterRun(tableTo(1), tableTo(1)), out: true },
    },
  ],
})
