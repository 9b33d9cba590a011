import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { dispatched612 } from './where-read.ts'

/** The entries are written by then. */
export const supportedCpuidHeaderWrite = rule<DiscoveryCall>({
  id: 'supported-cpuid-header-write',
  catalogue: 'supported-cpuid-nent',
  says: 'the header must be writable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [dispatched612],
  evidence: 'source',
  refuses: ({ request }) => request.header === 'read-only',
  witness: { refused: aDiscovery({ request: { header: 'read-only' } }), accepted: aDiscovery() },
})
