import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedCapabilities } from '../where-recorded.ts'
import { type SplitIrqchipRule, twentyFourPins } from './case.ts'

export const splitPins: SplitIrqchipRule = rule({
  id: 'irqchip-split-pins',
  catalogue: 'irqchip-split',
  says: "user space's I/O APIC has at most 4096 inputs",
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'),
    kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.1.192'),
    askedCapabilities,
  ],
  evidence: 'recorded',
  refuses: ({ pins }) => pins > 4096n,
  witness: { refused: { ...twentyFourPins, pins: 4097n }, accepted: { ...twentyFourPins, pins: 4096n } },
})
