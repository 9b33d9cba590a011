import type { GuestSlots } from './guest-slots.ts'
import { type MemoryMap, pageFlag } from './memory-map.ts'
import type { StateView } from './state-view.ts'

const lineBytes = 64
const pageMask = 0xfff
const none = (1n << 64n) - 1n

/** What lines are monitored in. */
interface Watched {
  readonly slots: GuestSlots
  readonly map: MemoryMap
  /** The lines of all processors that are armed, this one's too. */
  readonly armed: Set<MonitoredLine>
  /** A page leaves the write views: every store to it is told of from now on. */
  guard(pageHost: number): void
}

/** The line that MONITOR has armed, in the field of that name, and whoever stores to it. Source: SDM 3A §9.10.1. */
export class MonitoredLine {
  readonly #state: StateView
  readonly #machine: Watched
  readonly #bytes: Uint8Array
  /** Where the line is in linear memory. */
  #host: number | undefined

  constructor(buffer: SharedArrayBuffer, state: StateView, machine: Watched) {
    this.#state = state
    this.#machine = machine
    this.#bytes = new Uint8Array(buffer)
  }

  /** Arms the line of a place in linear memory; of what is no memory nothing is armed. */
  arm(host: number): void {
    const address = this.#machine.slots.addressOf(host)
    this.#state.set('MONITOR', address === undefined ? none : BigInt(address - (address % lineBytes)))
    this.follow()
  }

  /** The field has been set: its line is watched now, and no other. */
  follow(): void {
    const { slots, armed } = this.#machine
    this.#release()
    const address = this.#state.get('MONITOR')
    const host = address === none ? undefined : slots.at(Number(address))?.byteOffset
    if (host === undefined) return this.#state.set('MONITOR', none)
    this.#host = host
    armed.add(this)
    this.#bytes[this.#flags(host)]! |= pageFlag.monitored
    this.#machine.guard(host & ~pageMask)
  }

  /** Bytes from `host` up were stored, by whichever processor. Whether that is in the line. */
  stored(host: number, bytes: number): boolean {
    const line = this.#host
    if (line === undefined || host >= line + lineBytes || host + bytes <= line) return false
    this.#release()
    this.#state.set('MONITOR', none)
    return true
  }

  #isInPageOf(host: number): boolean {
    return this.#host !== undefined && (this.#host & ~pageMask) === (host & ~pageMask)
  }

  #release(): void {
    const host = this.#host
    if (host === undefined) return
    const { armed } = this.#machine
    this.#host = undefined
    armed.delete(this)
    const isShared = [...armed].some((other) => other.#isInPageOf(host))
    if (!isShared) this.#bytes[this.#flags(host)]! &= ~pageFlag.monitored
  }

  #flags(host: number): number {
    const { pageFlags, memoryBase } = this.#machine.map
    return pageFlags + ((host - memoryBase) >>> 12)
  }
}
