import { behaviour, between, since } from '@vmm/rule'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { deferUpdates, updateCurrentFirst } from './where-read.ts'

const due = aCall({ pending: true })

/** Registers only mark the table since 6.15; it is updated when somebody looks. */
export const setCpuidPending = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-pending',
  catalogue: 'set-cpuid-runtime-before-compare',
  says: 'a runtime update that is due is done on the table that the vCPU has, before anything else',
  sources: [updateCurrentFirst, deferUpdates],
  evidence: 'mail',
  versions: [
    {
      lifetime: between('6.15', '6.19', { '6.18': { until: '6.18.3' } }),
      says: 'not at all: the new table is updated, and compared with the old one as it is',
      bug: 'the same table set again could be refused, and the update was lost with the refusal',
      does: (call) => call,
      witness: { in: due, out: due },
    },
    {
      lifetime: since('6.19', { '6.18': '6.18.3' }),
      does: (call) =>
        call.pending ? { ...call, pending: false, effects: [...call.effects, { kind: 'pending-update-done' }] } : call,
      witness: { in: due, out: { ...due, pending: false, effects: [{ kind: 'pending-update-done' }] } },
    },
  ],
})
