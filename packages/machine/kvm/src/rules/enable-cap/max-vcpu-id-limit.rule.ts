import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule, mostIds } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const maxVcpuIdLimit: EnableCapRule = rule({
  id: 'max-vcpu-id-limit',
  catalogue: 'enable-cap-vm',
  says: 'ids of vCPUs are limited to 4096 at most',
  lifetime: since({ absentIn: '5.15', presentIn: '6.1' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [ids] }) => capability === capabilities.maxVcpuId && ids > mostIds,
  witness: {
    refused: asked(capabilities.maxVcpuId, 4097n),
    accepted: asked(capabilities.maxVcpuId, 4096n),
  },
})
