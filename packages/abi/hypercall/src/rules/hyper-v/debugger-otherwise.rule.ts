import { rule, since } from '@vmm/rule'
import { type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

const told = { fast: 0n }

export const hyperVDebuggerOtherwise: HyperVRule = rule({
  id: 'hv-hc-debugger-otherwise',
  catalogue: 'hv-hc-exit',
  says: "the debugger's calls are denied until the guest has chosen hypercalls for it",
  lifetime: since('5.8'),
  errno: 'HV_STATUS_OPERATION_DENIED',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => hyperVRowOf(made)?.repeats === 'unchecked' && made.context.debugger !== 'by hypercall',
  witness: {
    refused: hyperVMade('HVCALL_POST_DEBUG_DATA', told, { debugger: 'on' }),
    accepted: hyperVMade('HVCALL_POST_DEBUG_DATA', told),
  },
})
