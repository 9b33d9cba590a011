import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedVcpus } from '../where-recorded.ts'
import { type BootCpuIdRule, secondBoots } from './case.ts'

export const bootCpuAfterVcpu: BootCpuIdRule = rule({
  id: 'boot-cpu-id-after-vcpu',
  catalogue: 'boot-cpu-id',
  says: 'who starts the machine is said before there are vCPUs',
  lifetime: always,
  errno: 'EBUSY',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedVcpus,
  ],
  evidence: 'recorded',
  refuses: ({ vcpus }) => vcpus > 0,
  witness: { refused: { ...secondBoots, vcpus: 1 }, accepted: secondBoots },
})
