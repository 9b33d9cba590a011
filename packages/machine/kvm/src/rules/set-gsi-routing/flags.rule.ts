import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic } from './case.ts'

export const routingFlags: SetGsiRoutingRule = rule({
  id: 'gsi-routing-flags',
  catalogue: 'gsi-routing',
  says: 'a table has no flags',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ flags }) => flags !== 0,
  witness: { refused: { ...tableOf(toIoApic), flags: 1 }, accepted: tableOf(toIoApic) },
})
