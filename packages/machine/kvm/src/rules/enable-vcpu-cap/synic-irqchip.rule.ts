import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { recordedCapabilities } from '../enable-cap/where-recorded.ts'
import { capabilities, type EnableVcpuCapRule, enforcePvFeatures } from './case.ts'

export const synicIrqchip: EnableVcpuCapRule = rule({
  id: 'synic-without-irqchip',
  catalogue: 'enable-cap-vm',
  says: 'the synthetic interrupt controller needs interrupt controllers in the kernel',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, irqchip }) =>
    (capability === capabilities.synic || capability === capabilities.synic2) && !irqchip,
  witness: {
    refused: { ...enforcePvFeatures, capability: capabilities.synic, irqchip: false },
    accepted: { ...enforcePvFeatures, capability: capabilities.synic },
  },
})
