import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'
import { recordedCapabilities } from './where-recorded.ts'

export const maxVcpuIdOnce: EnableCapRule = rule({
  id: 'max-vcpu-id-once',
  catalogue: 'enable-cap-vm',
  says: 'once ids are limited, they are to nothing else',
  lifetime: since({ absentIn: '5.15', presentIn: '6.1' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), recordedCapabilities],
  evidence: 'recorded',
  refuses: ({ capability, arguments: [ids], idsOfVm }) =>
    capability === capabilities.maxVcpuId && idsOfVm !== 0 && ids !== BigInt(idsOfVm),
  witness: {
    refused: asked(capabilities.maxVcpuId, 4n, { idsOfVm: 3 }),
    accepted: asked(capabilities.maxVcpuId, 3n, { idsOfVm: 3 }),
  },
})
