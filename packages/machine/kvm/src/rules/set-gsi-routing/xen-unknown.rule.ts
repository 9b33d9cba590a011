import { rule, until } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type SetGsiRoutingRule, tableOf, toMessage } from './case.ts'

export const routingXenUnknown: SetGsiRoutingRule = rule({
  id: 'gsi-routing-xen-unknown',
  catalogue: 'gsi-routing',
  says: 'event channels of Xen are no places that a GSI could lead to',
  lifetime: until('5.17'),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '5.16')],
  evidence: 'source',
  refuses: ({ entries }) => entries.some(({ type }) => type === 'xen_evtchn'),
  witness: {
    refused: tableOf({ gsi: 5, type: 'xen_evtchn', port: 3, vcpu: 0, priority: 0xffff_ffff }),
    accepted: tableOf(toMessage),
  },
})
