import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { VcpuAttributeCall } from '../calls.ts'
import { askedRules } from '../where-recorded.ts'

export const vcpuAttributeGroup = rule<VcpuAttributeCall>({
  id: 'vcpu-attribute-group',
  catalogue: 'tsc-offset-attr',
  says: 'a vCPU has one group of attributes',
  lifetime: since({ absentIn: '5.15.85', presentIn: '6.1' }),
  errno: 'ENXIO',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_device_attr', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vcpu_ioctl_device_attr', '6.1.192'),
    askedRules,
  ],
  evidence: 'recorded',
  refuses: ({ group }) => group !== 0,
  witness: { refused: { group: 1, attr: 0n, usable: true }, accepted: { group: 0, attr: 0n, usable: true } },
})
