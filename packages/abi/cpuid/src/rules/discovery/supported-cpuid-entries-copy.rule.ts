import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery61, discovery612 } from './where-read.ts'

/** Only as many as there are: what is behind them is not touched. */
export const supportedCpuidEntriesCopy = rule<DiscoveryCall>({
  id: 'supported-cpuid-entries-copy',
  catalogue: 'supported-cpuid-nent',
  says: 'the room for the entries must be writable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [discovery61, discovery612],
  evidence: 'source',
  refuses: ({ entries, request }) => request.writable < entries.length,
  witness: { refused: aDiscovery({ request: { writable: 0 } }), accepted: aDiscovery({ request: { writable: 1 } }) },
})
