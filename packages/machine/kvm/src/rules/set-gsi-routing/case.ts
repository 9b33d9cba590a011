import type { Rule } from '@vmm/rule'
import { type GsiRoute, irqchipNumbers } from '../../interrupts/gsi-routing.ts'
import type { IrqchipMode } from '../create-irqchip/case.ts'

/** KVM_SET_GSI_ROUTING. */
export interface SetGsiRoutingCase {
  readonly irqchip: IrqchipMode
  /** How many entries the header says there are. */
  readonly count: number
  readonly flags: number
  readonly entries: readonly GsiRoute[]
  /** Whether all entries could be read. */
  readonly readable: boolean
  /** KVM_X2APIC_API_USE_32BIT_IDS. */
  readonly longIds: boolean
  /** CONFIG_KVM_HYPERV and CONFIG_KVM_XEN. */
  readonly hyperv: boolean
  readonly xen: boolean
}

/** A refusal of that call. */
export type SetGsiRoutingRule = Rule<SetGsiRoutingCase>

/** GSI 5 to the I/O APIC. */
export const toIoApic = { gsi: 5, type: 'irqchip', irqchip: irqchipNumbers.ioApic, pin: 5 } as const
/** GSI 5 to a message. */
export const toMessage = { gsi: 5, type: 'msi', address_lo: 0xfee0_0000, address_hi: 0, data: 0x41 } as const

/** GSI 5 to a synthetic source of Hyper-V, and to an event channel of Xen. */
export const aSource = { gsi: 5, type: 'hv_sint', vcpu: 0, sint: 2 } as const
export const aChannel = { gsi: 5, type: 'xen_evtchn', port: 3, vcpu: 0, priority: 0xffff_ffff } as const

/** A table of some entries, which a VM with all interrupt controllers takes. */
export function tableOf(...entries: readonly GsiRoute[]): SetGsiRoutingCase {
  const built = { hyperv: true, xen: true }
  return { irqchip: 'full', count: entries.length, flags: 0, entries, readable: true, longIds: false, ...built }
}
