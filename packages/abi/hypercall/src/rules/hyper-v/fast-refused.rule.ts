import { rule, since } from '@vmm/rule'
import { isExtendedHyperVCall } from '../../hyper-v.ts'
import { type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

/** The extended calls came later, with 6.4; before, their codes are unknown. */
export const hyperVFastRefused: HyperVRule = rule({
  id: 'hv-hc-fast-refused',
  catalogue: 'hv-hc-exit',
  says: "the debugger's calls with data, and the extended calls, cannot have their arguments in registers",
  lifetime: since('5.8'),
  errno: 'HV_STATUS_INVALID_PARAMETER',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => {
    const refused = hyperVRowOf(made)?.fastInput === 'refused' || isExtendedHyperVCall(made.call.code)
    return made.call.fast && refused
  },
  witness: {
    refused: hyperVMade('HVCALL_POST_DEBUG_DATA'),
    accepted: hyperVMade('HVCALL_POST_DEBUG_DATA', { fast: 0n }),
  },
})
