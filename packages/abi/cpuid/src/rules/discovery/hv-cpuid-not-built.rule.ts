import { rule, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { dispatched612 } from './where-read.ts'

export const hvCpuidNotBuilt = rule<DiscoveryCall>({
  id: 'hv-cpuid-not-built',
  catalogue: 'get-supported-hv-cpuid',
  says: 'a kernel without CONFIG_KVM_HYPERV does not know the call',
  lifetime: since('6.8'),
  errno: 'EINVAL',
  sources: [commit('b4f69df0f65e', 'KVM: x86: Make Hyper-V emulation optional'), dispatched612],
  evidence: 'recorded',
  refuses: ({ hyperv }) => !hyperv.built,
  witness: { refused: aDiscovery({ hyperv: { of: 'vCPU', built: false } }), accepted: aDiscovery() },
})
