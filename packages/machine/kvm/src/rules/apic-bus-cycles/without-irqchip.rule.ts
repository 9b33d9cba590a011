import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedCapabilities } from '../where-recorded.ts'
import { type ApicBusCyclesRule, fortyMegahertz } from './case.ts'

export const busCyclesWithoutIrqchip: ApicBusCyclesRule = rule({
  id: 'apic-bus-cycles-without-irqchip',
  catalogue: 'enable-cap-vm',
  says: 'without local APICs in the kernel there is no bus between them',
  lifetime: since('6.11'),
  errno: 'ENXIO',
  sources: [kernelSource('arch/x86/kvm/x86.c', 'kvm_vm_ioctl_enable_cap', '6.12.117'), askedCapabilities],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip === 'none',
  witness: { refused: { ...fortyMegahertz, irqchip: 'none' }, accepted: fortyMegahertz },
})
