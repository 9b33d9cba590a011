import type { Input } from './controllers.ts'

/** Where a GSI leads: one entry of KVM_SET_GSI_ROUTING. */
export type GsiRoute = { readonly gsi: number; readonly flags?: number } & (
  | { readonly type: 'irqchip'; readonly irqchip: number; readonly pin: number }
  | {
      readonly type: 'msi'
      readonly address_lo: number
      readonly address_hi: number
      readonly data: number
      readonly devid?: number
    }
  | { readonly type: 'hv_sint'; readonly vcpu: number; readonly sint: number }
  | { readonly type: 'xen_evtchn'; readonly port: number; readonly vcpu: number; readonly priority: number }
  | { readonly type: 'unknown'; readonly number: number }
)

/** KVM_IRQCHIP_*. */
export const irqchipNumbers = { picMaster: 0, picSlave: 1, ioApic: 2 } as const

/** The input that a route to a controller leads to. */
export function inputOf({ irqchip, pin }: Extract<GsiRoute, { type: 'irqchip' }>): Input {
  if (irqchip === irqchipNumbers.ioApic) return { controller: 'io-apic', pin }
  return { controller: 'pic', pin: irqchip === irqchipNumbers.picSlave ? pin + 8 : pin }
}

/** Where GSIs lead before user space has said anything: each to the I/O APIC, and the first sixteen to the PICs, too. */
export const defaultRoutes: readonly GsiRoute[] = Array.from({ length: 24 }, (_, gsi) => gsi).flatMap((gsi) => {
  const toIoApic: GsiRoute = { gsi, type: 'irqchip', irqchip: irqchipNumbers.ioApic, pin: gsi }
  const irqchip = gsi < 8 ? irqchipNumbers.picMaster : irqchipNumbers.picSlave
  return gsi < 16 ? [toIoApic, { gsi, type: 'irqchip', irqchip, pin: gsi % 8 }] : [toIoApic]
})

const nowhere: readonly GsiRoute[] = []

/** A table of routes, both ways. */
export class GsiRouting {
  readonly routes: readonly GsiRoute[]
  readonly #from = new Map<number, GsiRoute[]>()
  readonly #to = { pic: new Map<number, number>(), 'io-apic': new Map<number, number>() }

  constructor(routes: readonly GsiRoute[]) {
    this.routes = routes
    for (const route of routes) {
      const before = this.#from.get(route.gsi)
      if (before === undefined) this.#from.set(route.gsi, [route])
      else before.push(route)
      if (route.type !== 'irqchip') continue
      const { controller, pin } = inputOf(route)
      this.#to[controller].set(pin, route.gsi)
    }
  }

  /** Where a GSI leads, in the order of the table. */
  from(gsi: number): readonly GsiRoute[] {
    return this.#from.get(gsi) ?? nowhere
  }

  /** The GSI that leads to an input; of several the last of the table. */
  to({ controller, pin }: Input): number | undefined {
    return this.#to[controller].get(pin)
  }
}
