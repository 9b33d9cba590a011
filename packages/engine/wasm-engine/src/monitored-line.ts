import type { GuestSlots } from './guest-slots.ts'
import { type MemoryMap, pageFlag } from './memory-map.ts'
import type { StateView } from './state-view.ts'

const lineBytes = 64
const pageMask = 0xfff
const none = (1n << 64n) - 1n

/** After so many looks in which nothing was seen, something may have been stored that was there before. */
const looksInVain = 64

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
  /** What was in it when it was armed, and how often that has been compared. */
  readonly #held = new Uint8Array(lineBytes)
  #looks = 0

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
    this.#held.set(this.#bytes.subarray(host, host + lineBytes))
    this.#looks = 0
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

  /**
   * Another thread may have stored to it, which nobody tells: that shows in what it holds. MWAIT may also end for reasons of its own, which
   * is what it does where nothing has shown for long.
   */
  look(): void {
    const host = this.#host
    if (host === undefined) return
    this.#looks += 1
    const isSame = this.#held.every((byte, offset) => byte === this.#bytes[host + offset])
    if (!isSame || this.#looks > looksInVain) this.stored(host, 1)
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

/** The lines of a machine that are armed, of whichever processor. */
export class MonitoredLines extends Set<MonitoredLine> {
  /** Bytes from `host` up were stored. Whether somebody monitors one of them. */
  stored(host: number, bytes: number): boolean {
    let wakes = false
    if (this.size > 0) for (const line of [...this]) wakes = line.stored(host, bytes) || wakes
    return wakes
  }

  /** Looks whether another thread has stored to one. */
  look(): void {
    if (this.size > 0) for (const line of [...this]) line.look()
  }
}
