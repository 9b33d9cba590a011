import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedCapabilities } from '../enable-cap/where-recorded.ts'
import { capabilities, type EnableVcpuCapRule, enforcePvFeatures } from './case.ts'

export const directFlushAbsent: EnableVcpuCapRule = rule({
  id: 'direct-flush-absent',
  catalogue: 'enable-cap-vm',
  says: 'Hyper-V flushes L2’s translations itself where the vendor module lets it',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, directFlush }) => capability === capabilities.directFlush && !directFlush,
  witness: {
    refused: { ...enforcePvFeatures, capability: capabilities.directFlush, directFlush: false },
    accepted: { ...enforcePvFeatures, capability: capabilities.directFlush },
  },
})
