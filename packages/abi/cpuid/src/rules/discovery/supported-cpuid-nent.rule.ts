import { always, behaviour } from '@vmm/rule'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery61, discovery612 } from './where-read.ts'

const asked = aDiscovery()

export const supportedCpuidNent = behaviour<DiscoveryCall, DiscoveryCall>({
  id: 'supported-cpuid-nent',
  catalogue: 'supported-cpuid-nent',
  says: 'user space gets the entries and how many there are',
  sources: [discovery61, discovery612],
  evidence: 'recorded',
  versions: [
    {
      lifetime: always,
      does: (call) => ({ ...call, told: { entries: call.entries, nent: call.entries.length } }),
      witness: { in: asked, out: { ...asked, told: { entries: asked.entries, nent: 1 } } },
    },
  ],
})
