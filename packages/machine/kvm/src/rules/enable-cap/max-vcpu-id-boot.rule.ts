import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { asked, capabilities, type EnableCapRule } from './case.ts'

export const maxVcpuIdBoot: EnableCapRule = rule({
  id: 'max-vcpu-id-boot',
  catalogue: 'enable-cap-vm',
  says: 'ids are not limited to less than that of the vCPU that boots',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12.117' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117')],
  evidence: 'source',
  refuses: ({ capability, arguments: [ids], bootId }) => capability === capabilities.maxVcpuId && BigInt(bootId) > ids,
  witness: {
    refused: asked(capabilities.maxVcpuId, 2n, { bootId: 3 }),
    accepted: asked(capabilities.maxVcpuId, 3n, { bootId: 3 }),
  },
})
