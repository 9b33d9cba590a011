import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery61, discovery612 } from './where-read.ts'

/** The number that user space gave stays as it is. */
export const supportedCpuidNoRoom = rule<DiscoveryCall>({
  id: 'supported-cpuid-no-room',
  catalogue: 'supported-cpuid-nent',
  says: 'there must be room for an entry',
  lifetime: always,
  errno: 'E2BIG',
  sources: [discovery61, discovery612],
  evidence: 'recorded',
  refuses: ({ request }) => request.nent === 0,
  witness: { refused: aDiscovery({ request: { nent: 0 } }), accepted: aDiscovery({ request: { nent: 1 } }) },
})
