import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { hyperv612 } from './where-read.ts'

export const hvCpuidTooSmall = rule<DiscoveryCall>({
  id: 'hv-cpuid-too-small',
  catalogue: 'get-supported-hv-cpuid',
  says: 'there must be room for every leaf of Hyper-V',
  lifetime: always,
  errno: 'E2BIG',
  sources: [hyperv612],
  evidence: 'recorded',
  refuses: ({ entries, request }) => request.nent < entries.length,
  witness: { refused: aDiscovery({ request: { nent: 0 } }), accepted: aDiscovery({ request: { nent: 1 } }) },
})
