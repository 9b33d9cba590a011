import { rule, until } from '@vmm/rule'
import { commit } from '@vmm/source'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'

/** KVM_CAP_SYS_HYPERV_CPUID says that this is over. */
export const hvCpuidVcpuOnly = rule<DiscoveryCall>({
  id: 'hv-cpuid-vcpu-only',
  catalogue: 'get-supported-hv-cpuid',
  says: 'only a vCPU can be asked',
  lifetime: until('5.11'),
  errno: 'EINVAL',
  sources: [commit('c21d54f0307f', 'KVM: x86: hyper-v: allow KVM_GET_SUPPORTED_HV_CPUID as a system ioctl')],
  evidence: 'source',
  refuses: ({ hyperv }) => hyperv.of === '/dev/kvm',
  witness: { refused: aDiscovery({ hyperv: { of: '/dev/kvm', built: true } }), accepted: aDiscovery() },
})
