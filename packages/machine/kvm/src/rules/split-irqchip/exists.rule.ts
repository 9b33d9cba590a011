import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedCapabilities } from '../where-recorded.ts'
import { type SplitIrqchipRule, twentyFourPins } from './case.ts'

export const splitExists: SplitIrqchipRule = rule({
  id: 'irqchip-split-exists',
  catalogue: 'irqchip-split',
  says: 'a VM that has interrupt controllers in the kernel gets no others',
  lifetime: always,
  errno: 'EEXIST',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192'),
    askedCapabilities,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip !== 'none',
  witness: { refused: { ...twentyFourPins, irqchip: 'full' }, accepted: twentyFourPins },
})
