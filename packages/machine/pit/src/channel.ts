import { copySaved, likeSaved, type Restored, type Saved } from '@vmm/device'
import { type Count, elapsed, isPeriodic, nextChange, outAt, settle, valueAt } from './counting.ts'

/** Which half of a count comes next through a byte-wide door. */
const half = { low: 1, high: 2, lowThenHigh: 3, highAfterLow: 4 } as const
/** The mode of a counter that nobody has programmed: it stands still. */
const unprogrammed = 0xff
const longest = 65_536

const powerOn = {
  mode: 3,
  bcd: false,
  gate: true,
  loadedAt: 0,
  initial: longest,
  next: 0,
  writtenAt: -1,
  stoppedAt: -1,
  held: 0,
  /** 1 low byte, 2 high byte, 3 low then high. */
  access: 3,
  readNext: 3,
  writeNext: 3,
  lowByte: 0,
  latched: 0,
  /** Which halves of it have not been read. */
  latchedNext: 0,
  status: 0,
  statusLatched: 0,
}

/** What a counter shows of itself to who does not go through its door. */
export interface PitCounterRegisters {
  /** What it counts from: up to 65536. */
  readonly count: number
  readonly latchedCount: number
  /** Which bytes of it wait: 0 none, 1 the low one, 2 the high one, 3 both. */
  readonly countLatched: number
  readonly statusLatched: number
  readonly status: number
  /** The byte that comes next: 1 low, 2 high, 3 low and then high, 4 high after low. */
  readonly readNext: number
  readonly writeNext: number
  /** The low byte that waits for the high one. */
  readonly lowByte: number
  readonly access: number
  /** 0 to 5; FFH where nobody has programmed it. */
  readonly mode: number
  readonly bcd: number
  readonly gate: number
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

  /** As if nobody had been there: it stands still until it is programmed. */
  resetUnprogrammed(gate: boolean): void {
    const door = { access: 0, readNext: 0, writeNext: 0 }
    this.#state = { ...copySaved(powerOn), ...door, gate, mode: unprogrammed, loadedAt: -1 }
  }

  /** What it is. */
  registers(tick: number): PitCounterRegisters {
    const { access, readNext, writeNext, lowByte, mode, status, statusLatched, ...state } = this.#count(tick)
    const [count, countLatched, latchedCount] = [state.next || state.initial, state.latchedNext, state.latched]
    const pins = { bcd: state.bcd ? 1 : 0, gate: state.gate ? 1 : 0 }
    return {
      count,
      latchedCount,
      countLatched,
      statusLatched,
      status,
      readNext,
      writeNext,
      lowByte,
      access,
      mode,
      ...pins,
    }
  }

  /** Takes that from outside, and counts from the beginning. */
  load(given: PitCounterRegisters, tick: number): void {
    const { access, readNext, writeNext, lowByte, mode, status, statusLatched } = given
    const door = { access, readNext, writeNext, lowByte, status, statusLatched }
    const latch = { latched: given.latchedCount, latchedNext: given.countLatched }
    const gate = given.gate !== 0
    const counting = { loadedAt: mode === unprogrammed ? -1 : tick, stoppedAt: gate ? -1 : 0 }
    const count = { initial: given.count || longest, mode, gate, bcd: given.bcd !== 0, ...counting }
    this.#state = { ...copySaved(powerOn), ...door, ...latch, ...count }
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
    Object.assign(state, { next: 0, writtenAt: -1, latchedNext: 0, statusLatched: 0 })
    Object.assign(state, { readNext: access, writeNext: access })
  }

  /** The counter latch command. A value that is still latched stays. */
  latch(tick: number): void {
    const state = this.#count(tick)
    if (state.latchedNext !== 0) return
    state.latched = shown(state, tick)
    state.latchedNext = state.access
  }

  /** The read-back command's status byte. A status that is still latched stays. */
  latchStatus(tick: number): void {
    const state = this.#count(tick)
    if (state.statusLatched !== 0) return
    const waiting = state.next !== 0 || state.loadedAt < 0 || tick < state.loadedAt
    const out = outAt(state, tick) ? 0x80 : 0
    const mode = (state.mode << 1) & 0x0e
    state.status = out | (waiting ? 0x40 : 0) | (state.access << 4) | mode | (state.bcd ? 1 : 0)
    state.statusLatched = 1
  }

  read(tick: number): number {
    const state = this.#count(tick)
    if (state.statusLatched !== 0) {
      state.statusLatched = 0
      return state.status
    }
    if (state.latchedNext !== 0) return this.#readLatched()
    const value = shown(state, tick)
    const isHigh = state.readNext === half.high || state.readNext === half.highAfterLow
    if (state.readNext >= half.lowThenHigh) state.readNext = isHigh ? half.lowThenHigh : half.highAfterLow
    return isHigh ? value >> 8 : value & 0xff
  }

  #readLatched(): number {
    const state = this.#state
    const isHigh = state.latchedNext === half.high
    state.latchedNext = state.latchedNext === half.lowThenHigh ? half.high : 0
    return isHigh ? state.latched >> 8 : state.latched & 0xff
  }

  write(byte: number, tick: number): void {
    const state = this.#count(tick)
    switch (state.writeNext) {
      case half.high:
        return this.#load(byte << 8, tick)
      case half.lowThenHigh:
        state.lowByte = byte
        state.writeNext = half.highAfterLow
        return state.mode === 0 ? this.#disarm(tick) : undefined
      case half.highAfterLow:
        state.writeNext = half.lowThenHigh
        return this.#load((byte << 8) | state.lowByte, tick)
      default:
        return this.#load(byte, tick)
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
    const initial = state.bcd ? ofBcd(written) || 10_000 : written || longest
    if (state.mode === unprogrammed) {
      state.initial = initial
      return
    }
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
