import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic } from './case.ts'

/** None of a controller that there is not. */
const pinsOf = (irqchip: number): number => [8, 8, 24][irqchip] ?? 0

export const routingPin: SetGsiRoutingRule = rule({
  id: 'gsi-routing-pin',
  catalogue: 'gsi-routing',
  says: 'a PIC has eight pins, the I/O APIC twenty-four, and there is no fourth controller',
  lifetime: always,
  errno: 'EINVAL',
  sources: [
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.12.117'),
    kernelSource('arch/x86/kvm/irq_comm.c', 'kvm_set_routing_entry', '6.1.192'),
    askedInterrupts,
  ],
  evidence: 'recorded',
  refuses: ({ entries }) => entries.some((entry) => entry.type === 'irqchip' && entry.pin >= pinsOf(entry.irqchip)),
  witness: { refused: tableOf({ ...toIoApic, pin: 24 }), accepted: tableOf({ ...toIoApic, pin: 23 }) },
})
