import { always, rule } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { GsiRoute } from '../../interrupts/gsi-routing.ts'
import { askedInterrupts } from '../where-recorded.ts'
import { type SetGsiRoutingRule, tableOf, toIoApic } from './case.ts'

/** Whether two entries of one GSI cannot both be: only routes to pins can be several, and each to a controller of its own. */
function meetsAnother(entries: readonly GsiRoute[]): boolean {
  const taken = new Map<number, ReadonlySet<number>>()
  return entries.some((entry) => {
    const controllers = taken.get(entry.gsi)
    const irqchip = entry.type === 'irqchip' ? entry.irqchip : everyController
    const meets = controllers?.has(irqchip) === true || controllers?.has(everyController) === true
    taken.set(entry.gsi, new Set([...(controllers ?? []), irqchip]))
    return meets || (irqchip === everyController && controllers !== undefined)
  })
}

const everyController = -1

export const routingSameGsi: SetGsiRoutingRule = rule({
  id: 'gsi-routing-same-gsi',
  catalogue: 'gsi-routing',
  says: 'a GSI leads to one place, or to one pin of each controller',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('virt/kvm/irqchip.c', 'setup_routing_entry', '6.12.117'), askedInterrupts],
  evidence: 'recorded',
  refuses: ({ entries }) => meetsAnother(entries),
  witness: {
    refused: tableOf(toIoApic, { ...toIoApic, pin: 6 }),
    accepted: tableOf(toIoApic, { ...toIoApic, irqchip: 0 }),
  },
})
