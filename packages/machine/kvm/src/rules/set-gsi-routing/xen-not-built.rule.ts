import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { aChannel, type SetGsiRoutingRule, tableOf } from './case.ts'

export const routingXenNotBuilt: SetGsiRoutingRule = rule({
  id: 'gsi-routing-xen-not-built',
  catalogue: 'gsi-routing',
  says: 'event channels of Xen are known to a kernel that is built with them',
  lifetime: since('5.17'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ xen, entries }) => !xen && entries.some(({ type }) => type === 'xen_evtchn'),
  witness: { refused: { ...tableOf(aChannel), xen: false }, accepted: tableOf(aChannel) },
})
