import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf } from './case.ts'

/** KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL. */
const twoLevels = 0xffff_ffff

export const routingXenPriority: SetGsiRoutingRule = rule({
  id: 'gsi-routing-xen-priority',
  catalogue: 'gsi-routing',
  says: 'event channels of Xen have two levels',
  lifetime: since('5.17'),
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_setup_evtchn', '6.12.117'),
    kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_setup_evtchn', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ entries }) => entries.some((entry) => entry.type === 'xen_evtchn' && entry.priority !== twoLevels),
  witness: {
    refused: tableOf({ gsi: 5, type: 'xen_evtchn', port: 3, vcpu: 0, priority: 0 }),
    accepted: tableOf({ gsi: 5, type: 'xen_evtchn', port: 3, vcpu: 0, priority: twoLevels }),
  },
})
