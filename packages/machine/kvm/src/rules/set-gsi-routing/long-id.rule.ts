import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toMessage } from './case.ts'

export const routingLongId: SetGsiRoutingRule = rule({
  id: 'gsi-routing-long-id',
  catalogue: 'gsi-routing',
  says: 'with long IDs the low byte of the upper address of a message is zero',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ longIds, entries }) =>
    longIds && entries.some((entry) => entry.type === 'msi' && (entry.address_hi & 0xff) !== 0),
  witness: {
    refused: { ...tableOf({ ...toMessage, address_hi: 0x101 }), longIds: true },
    accepted: { ...tableOf({ ...toMessage, address_hi: 0x100 }), longIds: true },
  },
})
