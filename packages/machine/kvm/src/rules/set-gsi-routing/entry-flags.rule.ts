import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic, toMessage } from './case.ts'

export const routingEntryFlags: SetGsiRoutingRule = rule({
  id: 'gsi-routing-entry-flags',
  catalogue: 'gsi-routing',
  says: 'an entry has no flags, a message perhaps that its device is known',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/irqchip.c', 'kvm_set_irq_routing', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ entries }) => entries.some(({ type, flags = 0 }) => (type === 'msi' ? flags & ~1 : flags) !== 0),
  witness: { refused: tableOf({ ...toIoApic, flags: 1 }), accepted: tableOf({ ...toMessage, flags: 1 }) },
})
