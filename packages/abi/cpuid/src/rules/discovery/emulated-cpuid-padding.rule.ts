import { always, rule } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery61, discovery612 } from './where-read.ts'

/** Padding that cannot be read is the same error. KVM_GET_SUPPORTED_CPUID never looks at it. */
export const emulatedCpuidPadding = rule<DiscoveryCall>({
  id: 'emulated-cpuid-padding',
  catalogue: 'emulated-cpuid-padding',
  says: 'every entry that there is room for must come with zeros for padding',
  lifetime: always,
  errno: 'EINVAL',
  sources: [discovery61, discovery612],
  evidence: 'recorded',
  refuses: ({ request }) => request.padding === 'not zero',
  witness: { refused: aDiscovery({ request: { padding: 'not zero' } }), accepted: aDiscovery() },
})
