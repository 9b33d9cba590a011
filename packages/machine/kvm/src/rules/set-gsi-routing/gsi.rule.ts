import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic, toMessage } from './case.ts'

export const routingGsi: SetGsiRoutingRule = rule({
  id: 'gsi-routing-gsi',
  catalogue: 'gsi-routing',
  says: 'GSIs are below 4096',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/irqchip.c', 'kvm_set_irq_routing', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ entries }) => entries.some(({ gsi }) => gsi >= 4096),
  witness: {
    refused: tableOf(toIoApic, { ...toMessage, gsi: 4096 }),
    accepted: tableOf(toIoApic, { ...toMessage, gsi: 4095 }),
  },
})
