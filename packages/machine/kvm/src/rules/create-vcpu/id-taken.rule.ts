import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type CreateVcpuRule, firstVcpu } from './case.ts'

/** The last of the checks: the vCPU has been made by then, and is thrown away. */
export const idTaken: CreateVcpuRule = rule({
  id: 'vcpu-create-id-taken',
  catalogue: 'vcpu-create',
  says: 'no two vCPUs of a VM have one id',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl_create_vcpu', '6.12.117'),
    probe('vcpus', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ id, taken }) => taken.includes(Number(id)),
  witness: { refused: { ...firstVcpu, taken: [0] }, accepted: { ...firstVcpu, id: 1n, taken: [0] } },
})
