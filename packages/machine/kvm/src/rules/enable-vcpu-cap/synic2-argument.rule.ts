import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedCapabilities } from '../enable-cap/where-recorded.ts'
import { capabilities, type EnableVcpuCapRule, enforcePvFeatures } from './case.ts'

export const synic2Argument: EnableVcpuCapRule = rule({
  id: 'synic2-argument',
  catalogue: 'enable-cap-vm',
  says: 'the synthetic interrupt controller takes no argument',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, argument }) => capability === capabilities.synic2 && argument !== 0n,
  witness: {
    refused: { ...enforcePvFeatures, capability: capabilities.synic2 },
    accepted: { ...enforcePvFeatures, capability: capabilities.synic2, argument: 0n },
  },
})
