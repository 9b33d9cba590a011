import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { entry } from '../../entry.ts'
import { discovery61, discovery612 } from './where-read.ts'

/** Nothing is written. */
export const supportedCpuidTooSmall = rule<DiscoveryCall>({
  id: 'supported-cpuid-too-small',
  catalogue: 'supported-cpuid-nent',
  says: 'there must be room for everything that is supported',
  lifetime: always,
  errno: 'E2BIG',
  sources: [discovery61, discovery612],
  evidence: 'recorded',
  refuses: ({ entries, room }) => entries.length > room,
  witness: {
    refused: aDiscovery({ request: { nent: 1 }, entries: [entry(0, {}), entry(1, {})] }),
    accepted: aDiscovery({ request: { nent: 1 } }),
  },
})
