import { behaviour, since, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { discovery61, discovery612 } from './where-read.ts'

const roomFor = (most: number) => (call: DiscoveryCall) => ({ ...call, room: Math.min(call.request.nent, most) })
const asked = aDiscovery({ request: { nent: 5000 } })

/** KVM_MAX_CPUID_ENTRIES; more is no error. */
export const supportedCpuidClamp = behaviour<DiscoveryCall, DiscoveryCall>({
  id: 'supported-cpuid-clamp',
  catalogue: 'supported-cpuid-nent',
  says: 'room for more entries than a table may have is not used',
  sources: [discovery61, discovery612],
  evidence: 'recorded',
  versions: [
    { lifetime: until('5.10'), does: roomFor(80), witness: { in: asked, out: { ...asked, room: 80 } } },
    {
      lifetime: since('5.10'),
      sources: [commit('3f4e3eb417b1', 'KVM: x86: bump KVM_MAX_CPUID_ENTRIES')],
      does: roomFor(256),
      witness: { in: asked, out: { ...asked, room: 256 } },
    },
  ],
})
