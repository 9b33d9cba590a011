import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type CreateIrqchipRule, newVm } from './case.ts'

export const irqchipAfterVcpu: CreateIrqchipRule = rule({
  id: 'irqchip-create-after-vcpu',
  catalogue: 'irqchip-create',
  says: 'interrupt controllers come before vCPUs',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ vcpus }) => vcpus > 0,
  witness: { refused: { ...newVm, vcpus: 1 }, accepted: newVm },
})
