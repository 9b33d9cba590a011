import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type IrqchipStateRule, ioApicAsked } from './case.ts'

export const irqchipNumber: IrqchipStateRule = rule({
  id: 'irqchip-state-chip',
  catalogue: 'irqchip-state',
  says: 'there are two PICs and an I/O APIC',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_get_irqchip', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_get_irqchip', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ chip }) => chip > 2,
  witness: { refused: { ...ioApicAsked, chip: 3 }, accepted: ioApicAsked },
})
