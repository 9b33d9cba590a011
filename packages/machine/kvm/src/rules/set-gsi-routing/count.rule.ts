import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic } from './case.ts'

export const routingCount: SetGsiRoutingRule = rule({
  id: 'gsi-routing-count',
  catalogue: 'gsi-routing',
  says: 'a table has at most 4096 entries',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ count }) => count > 4096,
  witness: { refused: { ...tableOf(toIoApic), count: 4097 }, accepted: tableOf(toIoApic) },
})
