import { irqRoutingTypes, kvmIrqRouting, kvmIrqRoutingEntry } from '@vmm/kvm-uapi'
import type { GsiRoute } from '../interrupts/gsi-routing.ts'
import type { Call } from './call.ts'

/** More entries than any release takes: nobody looks at them. */
const enough = 4096
const types = irqRoutingTypes.value

/** The entries behind a `struct kvm_irq_routing`; undefined where one cannot be read. */
export function readRoutes(call: Call, count: number): readonly GsiRoute[] | undefined {
  if (count === 0 || count > enough) return []
  const { size } = kvmIrqRoutingEntry
  const bytes = call.memory.read(call.argument + BigInt(kvmIrqRouting.offset.entries), count * size)
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: count }, (_, nth) => routeAt(view, nth * size))
}

function routeAt(view: DataView, at: number): GsiRoute {
  const { gsi, type, flags } = kvmIrqRoutingEntry.read(view, at)
  const { arm } = kvmIrqRoutingEntry.field.u
  const to = at + kvmIrqRoutingEntry.offset.u
  switch (type) {
    case types.IRQCHIP:
      return { gsi, flags, type: 'irqchip', ...arm.irqchip.read(view, to) }
    case types.MSI:
      return { gsi, flags, type: 'msi', ...arm.msi.read(view, to) }
    case types.HV_SINT:
      return { gsi, flags, type: 'hv_sint', ...arm.hv_sint.read(view, to) }
    case types.XEN_EVTCHN:
      return { gsi, flags, type: 'xen_evtchn', ...arm.xen_evtchn.read(view, to) }
    default:
      return { gsi, flags, type: 'unknown', number: type }
  }
}
