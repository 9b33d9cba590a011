import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toMessage } from './case.ts'

export const routingType: SetGsiRoutingRule = rule({
  id: 'gsi-routing-type',
  catalogue: 'gsi-routing',
  says: 'GSIs lead to pins, messages, synthetic sources of Hyper-V and event channels of Xen',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ entries }) => entries.some(({ type }) => type === 'unknown'),
  witness: { refused: tableOf({ gsi: 5, type: 'unknown', number: 9 }), accepted: tableOf(toMessage) },
})
