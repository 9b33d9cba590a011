import { rule, since } from '@vmm/rule'
import { type HyperVRule, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'

const told = { fast: 0n }

export const hyperVDebuggerOff: HyperVRule = rule({
  id: 'hv-hc-debugger-off',
  catalogue: 'hv-hc-exit',
  says: "without the synthetic debugger in CPUID the debugger's calls are unknown",
  lifetime: since('5.8'),
  errno: 'HV_STATUS_INVALID_HYPERCALL_CODE',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: (made) => hyperVRowOf(made)?.repeats === 'unchecked' && made.context.debugger === 'off',
  witness: {
    refused: hyperVMade('HVCALL_POST_DEBUG_DATA', told, { debugger: 'off' }),
    accepted: hyperVMade('HVCALL_POST_DEBUG_DATA', told),
  },
})
