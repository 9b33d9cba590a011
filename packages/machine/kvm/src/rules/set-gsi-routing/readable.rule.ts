import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic } from './case.ts'

export const routingReadable: SetGsiRoutingRule = rule({
  id: 'gsi-routing-readable',
  catalogue: 'gsi-routing',
  says: 'all entries of a table can be read',
  lifetime: always,
  errno: 'EFAULT',
  sources: [kernelSource('virt/kvm/kvm_main.c', 'kvm_vm_ioctl', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ readable }) => !readable,
  witness: { refused: { ...tableOf(), count: 1, readable: false }, accepted: tableOf(toIoApic) },
})
