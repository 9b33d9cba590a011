import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { dispatched612 } from './where-read.ts'

export const supportedCpuidHeaderCopy = rule<DiscoveryCall>({
  id: 'supported-cpuid-header-copy',
  catalogue: 'supported-cpuid-nent',
  says: 'the header must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [dispatched612],
  evidence: 'source',
  refuses: ({ request }) => request.header === 'faults',
  witness: { refused: aDiscovery({ request: { header: 'faults' } }), accepted: aDiscovery() },
})
