import { type Clock, likeSaved, type Nanoseconds, type Saved } from '@vmm/device'

/** What the time stamp counter says at a time, and when it will say something. */
export interface TimeStampCounter {
  at(now: Nanoseconds): bigint
  /** The first nanosecond at which the counter is at least `tsc`; `Infinity` when that never comes. */
  when(tsc: bigint): Nanoseconds
}

/** LVT timer bits 18:17. Source: SDM 3A §11.5.4. Value 3 is reserved, and the timer then stands still. */
const timerMode = { oneShot: 0, periodic: 1, tscDeadline: 2 } as const

/** The divide configuration's bits 3, 1 and 0 are a number n; the divisor is 2^(n+1), and n = 7 divides by 1. */
function divisorOf(configuration: number): number {
  const n = ((configuration & 8) >> 1) | (configuration & 3)
  return 1 << ((n + 1) & 7)
}

/** The local APIC's timer. Its count is computed from the clock; `expire` is called at most once per `settle`. */
export class ApicTimer {
  readonly #clock: Clock
  readonly #tsc: TimeStampCounter
  readonly #busNanoseconds: number
  readonly #expire: () => void
  #mode = 0
  #divide = 0
  #initial = 0
  /** The count at `#base`; 0 when nothing is counted. */
  #count = 0
  #base: Nanoseconds = 0
  #tscDeadline = 0n

  constructor(clock: Clock, tsc: TimeStampCounter, busNanoseconds: number, expire: () => void) {
    this.#clock = clock
    this.#tsc = tsc
    this.#busNanoseconds = busNanoseconds
    this.#expire = expire
  }

  reset(): void {
    this.#mode = 0
    this.#divide = 0
    this.#initial = 0
    this.#count = 0
    this.#base = 0
    this.#tscDeadline = 0n
  }

  /** Takes its registers from outside; what is left to count is counted from now. A TSC deadline comes by its own way. */
  load({ mode, divide, initial, count }: Readonly<Record<'mode' | 'divide' | 'initial' | 'count', number>>): void {
    this.#mode = mode
    this.#divide = divide & 0xb
    this.#initial = mode === timerMode.tscDeadline ? 0 : initial
    this.#count = mode === timerMode.oneShot || mode === timerMode.periodic ? Math.min(count, initial) : 0
    this.#base = this.#clock.now()
    this.#tscDeadline = 0n
  }

  /** Source: SDM 3A §11.5.4.1: going to or from TSC-deadline mode disarms the timer; the other two share a count. */
  set mode(mode: number) {
    this.settle()
    if (mode === this.#mode) return
    const counts = (some: number) => some === timerMode.oneShot || some === timerMode.periodic
    this.#rebase()
    this.#mode = mode
    this.#tscDeadline = 0n
    if (!counts(mode)) this.#count = 0
  }

  get divide(): number {
    return this.#divide
  }

  set divide(configuration: number) {
    this.settle()
    this.#rebase()
    this.#divide = configuration & 0xb
  }

  get initial(): number {
    return this.#initial
  }

  set initial(count: number) {
    if (this.#mode === timerMode.tscDeadline) return
    this.#initial = count
    this.#count = this.#mode === 3 ? 0 : count
    this.#base = this.#clock.now()
  }

  get current(): number {
    this.settle()
    return this.#count === 0 ? 0 : this.#count - Math.floor((this.#clock.now() - this.#base) / this.#tick())
  }

  /** IA32_TSC_DEADLINE: 0 when disarmed or in another mode. */
  get tscDeadline(): bigint {
    this.settle()
    return this.#tscDeadline
  }

  set tscDeadline(tsc: bigint) {
    if (this.#mode !== timerMode.tscDeadline) return
    this.#tscDeadline = tsc
    this.settle()
  }

  deadline(): Nanoseconds {
    if (this.#tscDeadline !== 0n) return this.#tsc.when(this.#tscDeadline)
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#end()
  }

  /** Lets everything happen that should have happened by now. Periods that went by unseen count as one. */
  settle(): void {
    const now = this.#clock.now()
    if (this.#tscDeadline !== 0n) {
      if (this.#tsc.at(now) < this.#tscDeadline) return
      this.#tscDeadline = 0n
      this.#expire()
    } else if (this.#count !== 0 && now >= this.#end()) {
      this.#begin(this.#end(), now)
      this.#expire()
    }
  }

  save(): Saved {
    return {
      mode: this.#mode,
      divide: this.#divide,
      initial: this.#initial,
      count: this.#count,
      base: this.#base,
      tscDeadline: this.#tscDeadline,
    }
  }

  restore(saved: Saved): void {
    const example = { mode: 0, divide: 0, initial: 0, count: 0, base: 0, tscDeadline: 0n }
    const state = likeSaved('local-apic timer', example, saved)
    this.#mode = state.mode
    this.#divide = state.divide
    this.#initial = state.initial
    this.#count = state.count
    this.#base = state.base
    this.#tscDeadline = state.tscDeadline
  }

  #tick(): Nanoseconds {
    return divisorOf(this.#divide) * this.#busNanoseconds
  }

  #end(): Nanoseconds {
    return this.#base + this.#count * this.#tick()
  }

  /** What follows an expiry at `end`: nothing, or the period in which `now` lies. */
  #begin(end: Nanoseconds, now: Nanoseconds): void {
    if (this.#mode !== timerMode.periodic || this.#initial === 0) {
      this.#count = 0
      return
    }
    const period = this.#initial * this.#tick()
    this.#base = end + Math.floor((now - end) / period) * period
    this.#count = this.#initial
  }

  /** Makes the present moment the base, so that the rate can change. */
  #rebase(): void {
    if (this.#count === 0) return
    const passed = Math.floor((this.#clock.now() - this.#base) / this.#tick())
    this.#count -= passed
    this.#base += passed * this.#tick()
  }
}
