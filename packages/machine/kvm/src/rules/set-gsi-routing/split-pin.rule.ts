import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic, toMessage } from './case.ts'

export const routingSplitPin: SetGsiRoutingRule = rule({
  id: 'gsi-routing-split-pin',
  catalogue: 'gsi-routing',
  says: 'where only local APICs are in the kernel, there are no pins there',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ irqchip, entries }) => irqchip === 'split' && entries.some(({ type }) => type === 'irqchip'),
  witness: {
    refused: { ...tableOf(toIoApic), irqchip: 'split' },
    accepted: { ...tableOf(toMessage), irqchip: 'split' },
  },
})
