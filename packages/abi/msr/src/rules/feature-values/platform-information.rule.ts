import { behaviour, since } from '@vmm/rule'
import { commit } from '@vmm/source'
import { type FeatureHost, plainHost } from './host.ts'

export const platformInformation = behaviour<FeatureHost, bigint>({
  id: 'platform-information',
  catalogue: 'platform-info',
  says: 'of MSR_PLATFORM_INFO, KVM tells that CPUID can fault, on any host',
  sources: [commit('bc2ca3680b30', 'KVM: x86: Disallow changing MSR_PLATFORM_INFO after vCPU has run')],
  evidence: 'source',
  versions: [{ lifetime: since('6.13'), does: () => 1n << 31n, witness: { in: plainHost, out: 0x8000_0000n } }],
})
