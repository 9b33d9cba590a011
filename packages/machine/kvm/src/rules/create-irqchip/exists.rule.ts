import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type CreateIrqchipRule, newVm } from './case.ts'

export const irqchipExists: CreateIrqchipRule = rule({
  id: 'irqchip-create-exists',
  catalogue: 'irqchip-create',
  says: 'a VM gets interrupt controllers in the kernel once',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_arch_vm_ioctl', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip !== 'none',
  witness: { refused: { ...newVm, irqchip: 'split' }, accepted: newVm },
})
