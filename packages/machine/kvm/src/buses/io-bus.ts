import { IoBus, type Nanoseconds, type PortRange } from '@vmm/device'
import { resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { ioBusPipeline } from '../rules/io-bus/index.ts'
import type { BusOptions } from './bus-options.ts'
import type { Standing, Standings } from './io-eventfds.ts'

/** The ports of a VM that are answered inside KVM_RUN. All others are exits. */
export class KvmIoBus implements Standings {
  readonly #ports = new IoBus()
  readonly #register
  readonly #options: BusOptions
  /** When each was attached. */
  readonly #attached = new Map<PortRange, number>()

  constructor(options: BusOptions) {
    this.#options = options
    this.#register = resolve(ioBusPipeline, options.kernel)
  }

  /** How many devices there are. */
  get devices(): number {
    return this.#attached.size
  }

  /** Adds a range of ports; where it overlaps older ones, it wins. Refused where there are 1000 already. */
  attach(range: PortRange): Answer<number> {
    const outcome = run(this.#register, { devices: this.#attached.size })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#attached.set(range, this.#options.nextOrder())
    this.#ports.attach(range)
    return done(0, outcome.unread)
  }

  /** Takes a range away; what it had covered is there again. */
  detach(range: PortRange): void {
    if (this.#attached.delete(range)) this.#ports.detach(range)
  }

  /** What the device at a port gives; undefined where there is none. */
  read(port: number, size: 1 | 2 | 4): number | undefined {
    return this.#ports.claims(port) ? this.#ports.read(port, size) : undefined
  }

  /** Whether a byte that is written to a port goes nowhere. */
  ignores(port: number): boolean {
    return !this.#options.eventFds.watches('io', port) && this.#ports.at(port)?.ignores?.(port) === true
  }

  /** Until when a byte that was just read from a port is what is there, as long as no device is written to; undefined where nobody says. */
  holds(port: number): Nanoseconds | undefined {
    return this.#ports.at(port)?.holds?.(port)
  }

  /** False where there is neither a device nor an eventfd for it. */
  write(port: number, size: 1 | 2 | 4, value: number): boolean {
    if (this.#options.eventFds.signalled('io', port, size, value, this)) return true
    if (!this.#ports.claims(port)) return false
    this.#ports.write(port, size, value)
    return true
  }

  /** The device that has a port. */
  standingAt(port: number): Standing | undefined {
    const range = this.#ports.at(port)
    const order = range && this.#attached.get(range)
    return range === undefined || order === undefined ? undefined : { first: range.first, count: range.count, order }
  }
}
