import type { VcpuExit } from '@vmm/vcpu'
import type { Answer } from '../answer.ts'

/** What is counted, under the names of a vCPU's statistics. */
const places = {
  exits: 0,
  signal_exits: 1,
  io_exits: 2,
  mmio_exits: 3,
  halt_exits: 4,
  hypercalls: 5,
  irq_window_exits: 6,
} as const
const placeNamed: ReadonlyMap<string, number> = new Map(Object.entries(places))

/** Counts how KVM_RUN comes back. */
export class ExitCounts {
  readonly #counts = new Float64Array(placeNamed.size)

  /** A run came back. */
  count(answer: Answer<VcpuExit>): void {
    this.#add(places.exits)
    if (answer.kind === 'refused') this.#add(places.signal_exits)
    else this.#countExit(answer.value.kind)
  }

  /** Undefined where nobody counts it. */
  of(name: string): bigint | undefined {
    const place = placeNamed.get(name)
    return place === undefined ? undefined : BigInt(this.#counts[place]!)
  }

  #countExit(kind: VcpuExit['kind']): void {
    switch (kind) {
      case 'io':
        return this.#add(places.io_exits)
      case 'mmio':
        return this.#add(places.mmio_exits)
      case 'hlt':
        return this.#add(places.halt_exits)
      case 'hypercall':
        return this.#add(places.hypercalls)
      case 'irq-window-open':
        return this.#add(places.irq_window_exits)
      default:
    }
  }

  #add(place: number): void {
    this.#counts[place]! += 1
  }
}
