import { rule, since } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { aSource, type SetGsiRoutingRule, tableOf } from './case.ts'

/** Before it could be left out it was always there. */
export const routingHyperVNotBuilt: SetGsiRoutingRule = rule({
  id: 'gsi-routing-hyper-v-not-built',
  catalogue: 'gsi-routing',
  says: 'synthetic sources of Hyper-V are known to a kernel that is built with them',
  lifetime: since({ absentIn: '6.1.192', presentIn: '6.12' }),
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ hyperv, entries }) => !hyperv && entries.some(({ type }) => type === 'hv_sint'),
  witness: { refused: { ...tableOf(aSource), hyperv: false }, accepted: tableOf(aSource) },
})
