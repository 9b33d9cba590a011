import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type CreateVcpuRule, firstVcpu } from './case.ts'

export const countLimit: CreateVcpuRule = rule({
  id: 'vcpu-create-count-limit',
  catalogue: 'vcpu-create',
  says: 'a VM has no more vCPUs than the kernel allows',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_create_vcpu', '6.12.117')],
  evidence: 'source',
  refuses: ({ taken, maxVcpus }) => taken.length >= maxVcpus,
  witness: {
    refused: { ...firstVcpu, id: 1n, taken: [0], maxVcpus: 1 },
    accepted: { ...firstVcpu, id: 1n, taken: [0], maxVcpus: 2 },
  },
})
