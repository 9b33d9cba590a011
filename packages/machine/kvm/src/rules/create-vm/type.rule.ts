import { always, rule } from '@vmm/rule'
import { kernelSource, probe } from '@vmm/source'
import type { CreateVmRule } from './case.ts'

export const createVmType: CreateVmRule = rule({
  id: 'vm-create-type',
  catalogue: 'vm-create',
  says: 'a VM is of a type that the host can make',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_init_vm', '6.12.117'),
    probe('dispatch', 'Linux 6.1.192 and 6.12.117, kvm_amd under QEMU and kvm_intel under Bochs; 6.18.44, kvm_pvm'),
  ],
  evidence: 'recorded',
  refuses: ({ type, types }) => type > 63n || ((types >> type) & 1n) === 0n,
  witness: { refused: { type: 5n, types: 1n }, accepted: { type: 0n, types: 1n } },
})
