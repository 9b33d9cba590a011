import { rule, since } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import { type CreateVcpuRule, firstVcpu } from './case.ts'

export const idOfVm: CreateVcpuRule = rule({
  id: 'vcpu-create-id-of-vm',
  catalogue: 'vcpu-create',
  says: 'where a VM was told the highest id, its vCPUs keep to it',
  lifetime: since('6.0'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vcpu_precreate', '6.12.117'),
    probe('capabilities', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ id, idsOfVm }) => id >= BigInt(idsOfVm),
  witness: { refused: { ...firstVcpu, id: 2n, idsOfVm: 2 }, accepted: { ...firstVcpu, id: 1n, idsOfVm: 2 } },
})
