import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic } from './case.ts'

export const routingWithoutIrqchip: SetGsiRoutingRule = rule({
  id: 'gsi-routing-without-irqchip',
  catalogue: 'gsi-routing',
  says: 'without interrupt controllers in the kernel no GSI leads anywhere',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_arch_can_set_irq_routing', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_arch_can_set_irq_routing', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip }) => irqchip === 'none',
  witness: { refused: { ...tableOf(toIoApic), irqchip: 'none' }, accepted: tableOf(toIoApic) },
})
