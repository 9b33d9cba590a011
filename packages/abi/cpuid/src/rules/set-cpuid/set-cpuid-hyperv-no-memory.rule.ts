import { rule, since } from '@vmm/rule'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { aCall } from './a-call.ts'
import { hasHyperv } from './has-hyperv.ts'
import { reportHypervFailure, set61 } from './where-read.ts'

const hyperv = aCall({ incoming: [entry(0x4000_0001, { eax: 0x3123_7648 })], failing: 'Hyper-V context' })

/** Until then the failure was not told, and Hyper-V's leaves were not remembered. */
export const setCpuidHypervNoMemory = rule<SetCpuidCall>({
  id: 'set-cpuid-hyperv-no-memory',
  catalogue: 'set-cpuid-hyperv-alloc',
  says: 'there must be memory for the Hyper-V state that leaf 40000001H asks for',
  lifetime: since('6.1'),
  errno: 'ENOMEM',
  sources: [reportHypervFailure, set61],
  evidence: 'source',
  refuses: ({ failing, hypervContext, installed, stored, incoming, host, lookup }) =>
    failing === 'Hyper-V context' && !hypervContext && hasHyperv(installed ? stored : incoming, host, lookup),
  witness: { refused: hyperv, accepted: { ...hyperv, hypervContext: true } },
})
