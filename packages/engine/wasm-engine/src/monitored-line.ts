import type { GuestSlots } from './guest-slots.ts'
import { type MemoryMap, pageFlag } from './memory-map.ts'
import type { StateView } from './state-view.ts'

const lineBytes = 64
const pageMask = 0xfff
const none = (1n << 64n) - 1n

interface Surroundings {
  readonly map: MemoryMap
  readonly state: StateView
  readonly slots: GuestSlots
  /** A page leaves the write views: every store to it is told of from now on. */
  readonly guard: (pageHost: number) => void
}

/** The line that MONITOR has armed, in the field of that name, and whoever stores to it. Source: SDM 3A §9.10.1. */
export class MonitoredLine {
  readonly #around: Surroundings
  readonly #bytes: Uint8Array
  /** Where the line is in linear memory. */
  #host: number | undefined

  constructor(buffer: SharedArrayBuffer, around: Surroundings) {
    this.#around = around
    this.#bytes = new Uint8Array(buffer)
  }

  /** Arms the line of a place in linear memory; of what is no memory nothing is armed. */
  arm(host: number): void {
    const address = this.#around.slots.addressOf(host)
    this.#around.state.set('MONITOR', address === undefined ? none : BigInt(address - (address % lineBytes)))
    this.follow()
  }

  /** The field has been set: its line is watched now, and no other. */
  follow(): void {
    const { state, slots, guard } = this.#around
    this.#release()
    const address = state.get('MONITOR')
    const host = address === none ? undefined : slots.at(Number(address))?.byteOffset
    if (host === undefined) return state.set('MONITOR', none)
    this.#host = host
    this.#bytes[this.#flags(host)]! |= pageFlag.monitored
    guard(host & ~pageMask)
  }

  /** Bytes from `host` up were stored. */
  stored(host: number, bytes: number): void {
    const line = this.#host
    if (line === undefined || host >= line + lineBytes || host + bytes <= line) return
    this.#release()
    this.#around.state.set('MONITOR', none)
  }

  #release(): void {
    if (this.#host !== undefined) this.#bytes[this.#flags(this.#host)]! &= ~pageFlag.monitored
    this.#host = undefined
  }

  #flags(host: number): number {
    const { map } = this.#around
    return map.pageFlags + ((host - map.memoryBase) >>> 12)
  }
}
