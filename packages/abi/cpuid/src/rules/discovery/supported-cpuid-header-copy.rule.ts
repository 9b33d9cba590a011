import { always, rule } from '@vmm/rule'
import { probe } from '@vmm/source'
import { aDiscovery, type DiscoveryCall } from '../../discovery-call.ts'
import { dispatched612 } from './where-read.ts'

export const supportedCpuidHeaderCopy = rule<DiscoveryCall>({
  id: 'supported-cpuid-header-copy',
  catalogue: 'supported-cpuid-nent',
  says: 'the header must be readable',
  lifetime: always,
  errno: 'EFAULT',
  sources: [
    dispatched612,
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ request }) => request.header === 'faults',
  witness: { refused: aDiscovery({ request: { header: 'faults' } }), accepted: aDiscovery() },
})
