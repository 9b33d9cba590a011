/**
 * One counter's arithmetic: what an 8254 shows `tick` input pulses after power-on, without stepping through them.
 * Source: Intel 8254 data sheet, "Mode Definitions".
 */

/** A count being counted. All times are in ticks of the input clock. */
export interface Count {
  mode: number
  bcd: boolean
  gate: boolean
  /** The tick at which `initial` was (or will be) loaded into the counting element; -1 when there is none. */
  loadedAt: number
  /** 1 to 65536, or 1 to 10000 in BCD. */
  initial: number
  /**
   * A count that was written but not loaded: modes 2 and 3 take it at the end of this period or half-period,
   * modes 1 and 5 at the next trigger; 0 when there is none.
   */
  next: number
  /** The tick of the write that left `next` waiting; -1 when there is none. */
  writtenAt: number
  /** Ticks already counted when the gate stopped the counting; -1 while it runs. */
  stoppedAt: number
  /** What the counting element shows before the load. */
  held: number
}

/** Rate generator and square wave go on by themselves; the other modes count once. */
export function isPeriodic(count: Count): boolean {
  return count.mode === 2 || count.mode === 3
}

/** Ticks counted since the load; negative before it. */
export function elapsed(count: Count, tick: number): number {
  return count.stoppedAt >= 0 ? count.stoppedAt : tick - count.loadedAt
}

/** The high part of a square wave; the low part is the rest. Source: 8254, mode 3, odd counts. */
function highPart(initial: number): number {
  return Math.ceil(initial / 2)
}

/** Takes over the count that was waiting for the end of the period, if that end has come by `tick`. */
export function settle(count: Count, tick: number): void {
  if (!isPeriodic(count) || count.next === 0 || count.loadedAt < 0 || count.stoppedAt >= 0) return
  const boundary = boundaryAfterWrite(count)
  if (tick < boundary) return
  const lowFirst = count.mode === 3 && endsHigh(count, boundary)
  count.initial = count.next
  count.next = 0
  count.loadedAt = lowFirst ? boundary - highPart(count.initial) : boundary
  count.writtenAt = -1
}

function boundaryAfterWrite(count: Count): number {
  const since = Math.max(0, count.writtenAt - count.loadedAt)
  const start = count.loadedAt + Math.floor(since / count.initial) * count.initial
  const half = start + highPart(count.initial)
  return count.mode === 3 && half > count.writtenAt ? half : start + count.initial
}

function endsHigh(count: Count, boundary: number): boolean {
  return (boundary - count.loadedAt) % count.initial !== 0
}

/** The value of the counting element, 0 to 65535 (to 9999 in BCD). */
export function valueAt(count: Count, tick: number): number {
  const modulus = count.bcd ? 10_000 : 65_536
  const passed = elapsed(count, tick)
  if (count.loadedAt < 0 || passed < 0) return count.held
  if (count.mode === 2) return (count.initial - (passed % count.initial)) % modulus
  if (count.mode === 3) return squareValue(count.initial, passed) % modulus
  return (((count.initial - passed) % modulus) + modulus) % modulus
}

function squareValue(initial: number, passed: number): number {
  const inPeriod = passed % initial
  const high = highPart(initial)
  const inPart = inPeriod < high ? inPeriod : inPeriod - high
  return initial - (initial % 2) - 2 * inPart
}

/** The OUT pin. */
export function outAt(count: Count, tick: number): boolean {
  const passed = elapsed(count, tick)
  const loaded = count.loadedAt >= 0 && passed >= 0
  switch (count.mode) {
    case 0:
      return loaded && passed >= count.initial
    case 1:
      return !loaded || passed >= count.initial
    case 2:
      return !loaded || !count.gate || count.initial === 1 || passed % count.initial !== count.initial - 1
    case 3:
      return !loaded || !count.gate || passed % count.initial < highPart(count.initial)
    default:
      return !loaded || passed !== count.initial
  }
}

/** The first tick after `tick` at which OUT may change, or `Infinity`. */
export function nextChange(count: Count, tick: number): number {
  if (count.loadedAt < 0 || count.stoppedAt >= 0) return Number.POSITIVE_INFINITY
  const { initial, loadedAt } = count
  if (isPeriodic(count)) {
    if (!count.gate || (initial === 1 && count.next === 0)) return Number.POSITIVE_INFINITY
    const start = loadedAt + Math.max(0, Math.floor((tick - loadedAt) / initial)) * initial
    const inside = start + (count.mode === 2 ? initial - 1 : highPart(initial))
    return inside > tick ? inside : start + initial
  }
  const end = loadedAt + initial
  const changes = count.mode === 0 ? [end] : count.mode === 1 ? [loadedAt, end] : [end, end + 1]
  return changes.find((change) => change > tick) ?? Number.POSITIVE_INFINITY
}
