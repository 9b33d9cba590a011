import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedCapabilities } from '../enable-cap/where-recorded.ts'
import { capabilities, type EnableVcpuCapRule, enforcePvFeatures } from './case.ts'

export const enlightenedVmcsAbsent: EnableVcpuCapRule = rule({
  id: 'enlightened-vmcs-absent',
  catalogue: 'enable-cap-vm',
  says: 'enlightened VMCSs need a vendor module that has them',
  lifetime: always,
  errno: 'ENOTTY',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, enlightenedVmcs }) => capability === capabilities.enlightenedVmcs && !enlightenedVmcs,
  witness: {
    refused: { ...enforcePvFeatures, capability: capabilities.enlightenedVmcs, enlightenedVmcs: false },
    accepted: { ...enforcePvFeatures, capability: capabilities.enlightenedVmcs },
  },
})
