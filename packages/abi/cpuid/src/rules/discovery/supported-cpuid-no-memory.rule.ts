import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery61, discovery612 } from './where-read.ts'

export const supportedCpuidNoMemory = rule<DiscoveryCall>({
  id: 'supported-cpuid-no-memory',
  catalogue: 'supported-cpuid-nent',
  says: 'the kernel needs memory for the entries',
  lifetime: always,
  errno: 'ENOMEM',
  sources: [discovery61, discovery612],
  evidence: 'source',
  refuses: ({ memory }) => memory === 'none',
  witness: { refused: aDiscovery({ memory: 'none' }), accepted: aDiscovery() },
})
