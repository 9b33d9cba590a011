import { MmioBus, type MmioRegion } from '@vmm/device'
import { resolve, run } from '@vmm/rule'
import { type Answer, done } from '../answer.ts'
import { ioBusPipeline } from '../rules/io-bus/index.ts'
import type { BusOptions } from './bus-options.ts'
import { readHalves, writeHalves } from './halves.ts'
import type { Standing, Standings } from './io-eventfds.ts'

/** The windows of guest-physical memory that are answered inside KVM_RUN. Where there is no memory either, all else is an exit. */
export class KvmMmioBus implements Standings {
  readonly #windows = new MmioBus()
  readonly #register
  readonly #options: BusOptions
  /** When each was attached. */
  readonly #attached = new Map<MmioRegion, number>()

  constructor(options: BusOptions) {
    this.#options = options
    this.#register = resolve(ioBusPipeline, options.kernel)
  }

  /** How many devices there are. */
  get devices(): number {
    return this.#attached.size
  }

  /** Adds a window, which may move: its `base` is asked at every access. Refused where there are 1000 already. */
  attach(region: MmioRegion): Answer<number> {
    const outcome = run(this.#register, { devices: this.#attached.size })
    if (outcome.kind === 'refused') return outcome.refusal
    this.#attached.set(region, this.#options.nextOrder())
    this.#windows.attach(region)
    return done(0, outcome.unread)
  }

  /** Takes a window away. */
  detach(region: MmioRegion): void {
    if (this.#attached.delete(region)) this.#windows.detach(region)
  }

  /** What the device at an address gives; undefined where there is none. Eight bytes are two accesses of four, the lower first. */
  read(address: number, size: 1 | 2 | 4 | 8): bigint | undefined {
    if (!this.#windows.claims(address)) return undefined
    return readHalves(this.#windows, address, size)
  }

  /** False where there is neither a device nor an eventfd for it. */
  write(address: number, size: 1 | 2 | 4 | 8, value: bigint): boolean {
    if (this.#options.eventFds.signalled('mmio', address, size, value, this)) return true
    if (!this.#windows.claims(address)) return false
    writeHalves(this.#windows, address, size, value)
    return true
  }

  /** The device that has an address. */
  standingAt(address: number): Standing | undefined {
    const region = this.#windows.at(address)
    const order = region && this.#attached.get(region)
    return region === undefined || order === undefined ? undefined : { first: region.base, count: region.length, order }
  }
}
