import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedCapabilities } from '../enable-cap/where-recorded.ts'
import { type EnableVcpuCapRule, enforcePvFeatures } from './case.ts'

export const vcpuFlags: EnableVcpuCapRule = rule({
  id: 'enable-vcpu-cap-flags',
  catalogue: 'enable-cap-vm',
  says: 'no capability of a vCPU is enabled with flags',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ flags }) => flags !== 0,
  witness: {
    refused: { ...enforcePvFeatures, flags: 1 },
    accepted: enforcePvFeatures,
  },
})
