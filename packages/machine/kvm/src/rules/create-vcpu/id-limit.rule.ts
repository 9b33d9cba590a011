import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type CreateVcpuRule, firstVcpu } from './case.ts'

export const idLimit: CreateVcpuRule = rule({
  id: 'vcpu-create-id-limit',
  catalogue: 'vcpu-create',
  says: "a vCPU's id is below the kernel's limit",
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_create_vcpu', '6.12.117'),
    probe('vcpus', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ id, maxIds }) => id >= BigInt(maxIds),
  witness: { refused: { ...firstVcpu, id: 4096n }, accepted: { ...firstVcpu, id: 4095n } },
})
