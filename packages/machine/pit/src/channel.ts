import { copySaved, likeSaved, type Restored, type Saved } from '@vmm/device'
import { type Count, elapsed, isPeriodic, nextChange, outAt, settle, valueAt } from './counting.ts'

const powerOn = {
  mode: 3,
  bcd: false,
  gate: true,
  loadedAt: 0,
  initial: 65_536,
  next: 0,
  writtenAt: -1,
  stoppedAt: -1,
  held: 0,
  /** 1 low byte, 2 high byte, 3 low then high. */
  access: 3,
  lowByte: -1,
  highNext: false,
  latched: -1,
  status: -1,
}

/** One of the three counters, with its byte-wide door. `tick` is always the present tick of the input clock. */
export class Channel {
  #state: Restored<typeof powerOn>

  constructor(gate: boolean) {
    this.#state = copySaved(powerOn)
    this.reset(gate, 0)
  }

  /**
   * The part powers up undefined. We start as firmware leaves it: a square wave of 65536 ticks, which on channel 0 is
   * the 18.2 Hz that real-mode software waits for.
   */
  reset(gate: boolean, tick: number): void {
    this.#state = { ...copySaved(powerOn), gate, loadedAt: tick, stoppedAt: gate ? -1 : 0 }
  }

  /** A control word whose bits 7:6 chose this counter. */
  control(word: number, tick: number): void {
    const access = (word >> 4) & 3
    if (access === 0) this.latch(tick)
    else this.#program(word, access, tick)
  }

  #program(word: number, access: number, tick: number): void {
    const state = this.#count(tick)
    this.#disarm(tick)
    const mode = (word >> 1) & 7
    state.mode = mode > 5 ? mode - 4 : mode
    state.bcd = (word & 1) !== 0
    state.access = access
    Object.assign(state, { next: 0, writtenAt: -1 })
    Object.assign(state, { lowByte: -1, highNext: false, latched: -1, status: -1 })
  }

  /** The counter latch command. A value that is still latched stays. */
  latch(tick: number): void {
    const state = this.#count(tick)
    if (state.latched < 0) state.latched = shown(state, tick)
  }

  /** The read-back command's status byte. A status that is still latched stays. */
  latchStatus(tick: number): void {
    const state = this.#count(tick)
    if (state.status >= 0) return
    const waiting = state.next !== 0 || state.loadedAt < 0 || tick < state.loadedAt
    const out = outAt(state, tick) ? 0x80 : 0
    state.status = out | (waiting ? 0x40 : 0) | (state.access << 4) | (state.mode << 1) | (state.bcd ? 1 : 0)
  }

  read(tick: number): number {
    const state = this.#count(tick)
    if (state.status >= 0) {
      const status = state.status
      state.status = -1
      return status
    }
    const value = state.latched >= 0 ? state.latched : shown(state, tick)
    const high = state.access === 2 || (state.access === 3 && state.highNext)
    if (state.access === 3) state.highNext = !state.highNext
    if (state.access !== 3 || high) state.latched = -1
    return high ? value >> 8 : value & 0xff
  }

  write(byte: number, tick: number): void {
    const state = this.#count(tick)
    if (state.access === 1) this.#load(byte, tick)
    else if (state.access === 2) this.#load(byte << 8, tick)
    else if (state.lowByte >= 0) {
      const low = state.lowByte
      state.lowByte = -1
      this.#load((byte << 8) | low, tick)
    } else {
      state.lowByte = byte
      if (state.mode === 0) this.#disarm(tick)
    }
  }

  #disarm(tick: number): void {
    const state = this.#state
    state.held = valueAt(state, tick)
    state.loadedAt = -1
    state.stoppedAt = -1
  }

  /** Moves the GATE pin. Source: 8254 data sheet, "Gate Pin Operations Summary". */
  setGate(gate: boolean, tick: number): void {
    const state = this.#count(tick)
    if (state.gate === gate) return
    state.gate = gate
    const triggered = state.mode === 1 || state.mode === 5
    if (!gate) {
      if (!triggered && state.loadedAt >= 0) state.stoppedAt = Math.max(0, elapsed(state, tick))
    } else if (triggered || isPeriodic(state)) this.#trigger(tick)
    else if (state.loadedAt >= 0) {
      state.loadedAt = tick - state.stoppedAt
      state.stoppedAt = -1
    }
  }

  out(tick: number): boolean {
    return outAt(this.#count(tick), tick)
  }

  nextChange(tick: number): number {
    return nextChange(this.#count(tick), tick)
  }

  save(): Saved {
    return copySaved(this.#state)
  }

  restore(saved: Saved): void {
    this.#state = likeSaved('pit', this.#state, saved)
  }

  #count(tick: number): Count & Restored<typeof powerOn> {
    settle(this.#state, tick)
    return this.#state
  }

  #load(written: number, tick: number): void {
    const state = this.#state
    const initial = state.bcd ? ofBcd(written) || 10_000 : written || 65_536
    if (state.mode === 1 || state.mode === 5) {
      state.next = initial
      if (state.loadedAt < 0) state.initial = initial
    } else if (isPeriodic(state) && state.loadedAt >= 0) {
      state.next = initial
      state.writtenAt = tick
    } else {
      state.held = valueAt(state, tick)
      state.initial = initial
      state.loadedAt = tick + 1
      state.stoppedAt = state.gate ? -1 : 0
    }
  }

  #trigger(tick: number): void {
    const state = this.#state
    const unwritten = state.loadedAt < 0 && state.next === 0
    if (unwritten) return
    state.held = valueAt(state, tick)
    if (state.next !== 0) state.initial = state.next
    Object.assign(state, { next: 0, writtenAt: -1, stoppedAt: -1, loadedAt: tick + 1 })
  }
}

function shown(count: Count, tick: number): number {
  const value = valueAt(count, tick)
  if (!count.bcd) return value & 0xffff
  const digit = (unit: number) => Math.floor(value / unit) % 10
  return (digit(1000) << 12) | (digit(100) << 8) | (digit(10) << 4) | digit(1)
}

/** Digits above 9 are undefined on the part; we let them weigh what they say and stay below the modulus. */
function ofBcd(written: number): number {
  const digit = (at: number) => (written >> at) & 15
  return (digit(12) * 1000 + digit(8) * 100 + digit(4) * 10 + digit(0)) % 10_000
}
