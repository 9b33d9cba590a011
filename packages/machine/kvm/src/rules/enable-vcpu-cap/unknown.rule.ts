import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedCapabilities } from '../enable-cap/where-recorded.ts'
import { type EnableVcpuCapRule, enforcePvFeatures } from './case.ts'

export const vcpuUnknown: EnableVcpuCapRule = rule({
  id: 'enable-vcpu-cap-unknown',
  catalogue: 'enable-cap-vm',
  says: 'a capability that a vCPU cannot enable is refused',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ known }) => !known,
  witness: {
    refused: { ...enforcePvFeatures, capability: 9999, known: false },
    accepted: enforcePvFeatures,
  },
})
