import {
  type Clock,
  type Device,
  type InterruptLine,
  likeSaved,
  type Nanoseconds,
  nanosecondsAt,
  type PortRange,
  type Saved,
  type Timer,
  ticksAt,
} from '@vmm/device'
import { type Alarm, secondsUntil } from './alarm.ts'
import { civilTimeOf, secondsOf } from './calendar.ts'

/** Where the century is kept; the FADT tells the guest. */
export const centuryRegister = 0x32

/** What the clock is wired to, and when it begins. */
export interface RtcOptions {
  readonly clock: Clock
  readonly irq8: InterruptLine
  /** What time it is at guest time 0, in seconds since 1970 UTC. The default is 2024-01-01 00:00:00. */
  readonly startSeconds?: number
  /** Battery-backed bytes by their index, 0EH to 7FH. */
  readonly memory?: Readonly<Record<number, number>>
}

/** The clock and its memory. */
export interface Rtc extends Device {
  readonly timer: Timer
  /** What the clock says now, in seconds since 1970 UTC. */
  seconds(): number
  /** A byte of battery-backed memory, as firmware sees it. */
  memoryAt(index: number): number
}

const second = 1_000_000_000
const crystal = 32_768
const updateWarning = 244_000
const registerA = 0x0a
const registerB = 0x0b
const registerC = 0x0c
const registerD = 0x0d
/** Registers that show the time. 1, 3 and 5 are the alarm's. */
const timeRegisters: readonly number[] = [0, 2, 4, 6, 7, 8, 9, centuryRegister]

/** Bits of register B; PIE, AIE and UIE are where PF, AF and UF are in register C. */
const b = { set: 0x80, periodic: 0x40, alarm: 0x20, update: 0x10, squareWave: 0x08, binary: 0x04, full: 0x02 } as const
const interrupts = b.periodic | b.alarm | b.update

/**
 * The MC146818 real-time clock and its battery-backed memory at ports 70H and 71H.
 * Seconds are counted from the guest's clock; a host's time is an option at most.
 * Source: Motorola MC146818A data sheet.
 */
export function createRtc(options: RtcOptions): Rtc {
  return new RealTimeClock(options)
}

class RealTimeClock implements Rtc {
  readonly name = 'rtc'
  readonly ports: readonly PortRange[]
  readonly timer: Timer
  readonly #clock: Clock
  readonly #irq8: InterruptLine
  #memory: Uint8Array = new Uint8Array(128)
  #index = 0
  #flags = 0
  #level = false
  /** When the divider chain was last at zero: seconds and periods are counted from here. */
  #chain: Nanoseconds = 0
  /** The second that is shown while the chain's second number is `#baseTick`. */
  #baseSeconds: number
  #baseTick = 0
  /** What has been noticed already: chain seconds, and periods of the chosen rate. */
  #seenTick = 0
  #seenPeriod = 0
  /** Added to the calendar's day of the week, which the guest may set to anything. */
  #weekdayShift = 0

  constructor({ clock, irq8, startSeconds = 1_704_067_200, memory = {} }: RtcOptions) {
    this.#clock = clock
    this.#irq8 = irq8
    this.#baseSeconds = startSeconds
    for (const [index, byte] of Object.entries(memory)) this.#memory[Number(index) & 0x7f] = byte
    this.#memory[registerA] = 0x26
    this.#memory[registerB] = b.full
    this.#memory[registerD] = 0x80
    const read = (port: number) => (port === 0x71 ? this.#read(this.#index) : 0xff)
    const write = (port: number, _: number, byte: number) => {
      if (port === 0x70) this.#index = byte & 0x7f
      else this.#write(this.#index, byte)
    }
    this.ports = [{ first: 0x70, count: 2, widest: 1, read, write }]
    this.timer = { deadline: () => this.#deadline(), fire: () => this.#update() }
  }

  /** The RESET pin: interrupts are off. Time and memory live on the battery. Source: MC146818A, "RESET". */
  reset(): void {
    this.#settle()
    this.#memory[registerB] = this.#b() & ~(interrupts | b.squareWave)
    this.#flags = 0
    this.#index = 0
    this.#update()
  }

  seconds(): number {
    return this.#running() ? this.#baseSeconds + this.#tick() - this.#baseTick : this.#decoded()
  }

  memoryAt(index: number): number {
    return this.#memory[index & 0x7f] ?? 0
  }

  save(): Saved {
    return this.#state()
  }

  restore(saved: Saved): void {
    const state = likeSaved(this.name, this.#state(), saved)
    this.#memory = state.memory
    this.#index = state.index & 0x7f
    this.#flags = state.flags
    this.#level = state.level
    this.#chain = state.chain
    this.#baseSeconds = state.baseSeconds
    this.#baseTick = state.baseTick
    this.#seenTick = state.seenTick
    this.#seenPeriod = state.seenPeriod
    this.#weekdayShift = state.weekdayShift
  }

  #state() {
    return {
      memory: this.#memory.slice(),
      index: this.#index,
      flags: this.#flags,
      level: this.#level,
      chain: this.#chain,
      baseSeconds: this.#baseSeconds,
      baseTick: this.#baseTick,
      seenTick: this.#seenTick,
      seenPeriod: this.#seenPeriod,
      weekdayShift: this.#weekdayShift,
    }
  }

  #b(): number {
    return this.memoryAt(registerB)
  }

  /** Register A bits 6:5 both set hold the divider chain at zero. */
  #dividing(): boolean {
    return (this.memoryAt(registerA) & 0x60) !== 0x60
  }

  #running(): boolean {
    return this.#dividing() && (this.#b() & b.set) === 0
  }

  #tick(): number {
    return Math.floor((this.#clock.now() - this.#chain) / second)
  }

  /** Periods of the rate in register A are 2^(n-1) pulses of the crystal; rates 1 and 2 are those of 8 and 9. Source: MC146818A, Table 5. */
  #periodPulses(): number {
    const rate = this.memoryAt(registerA) & 15
    if (rate === 0 || !this.#dividing()) return 0
    return 1 << (rate < 3 ? rate + 6 : rate - 1)
  }

  #period(): number {
    const pulses = this.#periodPulses()
    return pulses === 0 ? 0 : Math.floor(ticksAt(crystal, this.#clock.now() - this.#chain) / pulses)
  }

  #read(index: number): number {
    if (index === registerA) return this.memoryAt(registerA) | (this.#updating() ? 0x80 : 0)
    if (index === registerC) return this.#readFlags()
    if (timeRegisters.includes(index) && this.#running()) return this.#shown(index)
    return this.memoryAt(index)
  }

  #write(index: number, byte: number): void {
    this.#settle()
    if (index === registerA) this.#writeA(byte)
    else if (index === registerB) this.#writeB(byte)
    else if (timeRegisters.includes(index)) this.#whileStopped(() => this.#store(index, byte))
    else if (index !== registerC && index !== registerD) this.#store(index, byte)
    this.#update()
  }

  #store(index: number, byte: number): void {
    this.#memory[index] = byte
  }

  #writeA(byte: number): void {
    const held = !this.#dividing()
    this.#whileStopped(() => {
      this.#store(registerA, byte & 0x7f)
      // The first update comes half a second after the chain is let go. Source: MC146818A, "Divider Control".
      if (held && this.#dividing()) this.#chain = this.#clock.now() - second / 2
    })
    this.#seenPeriod = this.#period()
  }

  #writeB(byte: number): void {
    this.#whileStopped(() => this.#store(registerB, (byte & b.set) !== 0 ? byte & ~b.update : byte))
  }

  /** Between these two the registers hold the time; outside, the clock does. */
  #whileStopped(change: () => void): void {
    if (this.#running()) for (const index of timeRegisters) this.#store(index, this.#shown(index))
    change()
    if (!this.#running()) return
    this.#baseSeconds = this.#decoded()
    this.#baseTick = this.#tick()
    this.#seenTick = this.#baseTick
    this.#weekdayShift = (this.#number(this.memoryAt(6)) - civilTimeOf(this.#baseSeconds).weekday + 7) % 7
  }

  #updating(): boolean {
    return this.#running() && this.#clock.now() - this.#chain - this.#tick() * second >= second - updateWarning
  }

  #readFlags(): number {
    this.#settle()
    const flags = this.#flags
    const requested = (flags & this.#b() & interrupts) !== 0
    this.#flags = 0
    this.#update()
    return flags | (requested ? 0x80 : 0)
  }

  /** A time register's content as register B wants it: BCD or binary, 12 or 24 hours. */
  #shown(index: number): number {
    const time = civilTimeOf(this.seconds())
    switch (index) {
      case 0:
        return this.#code(time.second)
      case 2:
        return this.#code(time.minute)
      case 4:
        return this.#codeHour(time.hour)
      case 6:
        return this.#code(((time.weekday - 1 + this.#weekdayShift) % 7) + 1)
      case 7:
        return this.#code(time.day)
      case 8:
        return this.#code(time.month)
      case 9:
        return this.#code(((time.year % 100) + 100) % 100)
      default:
        return this.#code(Math.floor(time.year / 100) & 0x7f)
    }
  }

  #decoded(): number {
    const at = (index: number) => this.#number(this.memoryAt(index))
    return secondsOf({
      second: at(0),
      minute: at(2),
      hour: this.#hour(this.memoryAt(4)),
      day: at(7),
      month: at(8),
      year: at(centuryRegister) * 100 + at(9),
    })
  }

  #code(value: number): number {
    return (this.#b() & b.binary) !== 0 ? value : (Math.floor(value / 10) << 4) | (value % 10)
  }

  #number(byte: number): number {
    return (this.#b() & b.binary) !== 0 ? byte : (byte >> 4) * 10 + (byte & 15)
  }

  #codeHour(hour: number): number {
    if ((this.#b() & b.full) !== 0) return this.#code(hour)
    return this.#code(hour % 12 === 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0)
  }

  #hour(byte: number): number {
    if ((this.#b() & b.full) !== 0) return this.#number(byte)
    return (this.#number(byte & 0x7f) % 12) + ((byte & 0x80) !== 0 ? 12 : 0)
  }

  #alarm(): Alarm {
    const [atSecond, atMinute, atHour] = [this.memoryAt(1), this.memoryAt(3), this.memoryAt(5)]
    const orAny = (byte: number, value: number) => ((byte & 0xc0) === 0xc0 ? -1 : value)
    return {
      second: orAny(atSecond, this.#number(atSecond)),
      minute: orAny(atMinute, this.#number(atMinute)),
      hour: orAny(atHour, this.#hour(atHour)),
    }
  }

  /** The chain second at which the alarm next goes off after the seen one. */
  #nextAlarm(): number {
    const next = this.#baseSeconds + this.#seenTick + 1 - this.#baseTick
    return this.#seenTick + 1 + secondsUntil(this.#alarm(), ((next % 86_400) + 86_400) % 86_400)
  }

  /** Raises the flags of everything that happened since the last look. */
  #settle(): void {
    if (this.#running()) {
      const tick = this.#tick()
      if (tick > this.#seenTick) {
        this.#flags |= b.update
        if (this.#nextAlarm() <= tick) this.#flags |= b.alarm
        this.#seenTick = tick
      }
    }
    const period = this.#period()
    if (period > this.#seenPeriod) this.#flags |= b.periodic
    this.#seenPeriod = period
  }

  /** Only flags that are enabled and not up yet can change the line. */
  #deadline(): Nanoseconds {
    const awaited = this.#b() & interrupts & ~this.#flags
    let deadline = Number.POSITIVE_INFINITY
    const consider = (since: Nanoseconds) => {
      deadline = Math.min(deadline, this.#chain + since)
    }
    const pulses = this.#periodPulses()
    if ((awaited & b.periodic) !== 0 && pulses !== 0) consider(nanosecondsAt(crystal, (this.#seenPeriod + 1) * pulses))
    if ((awaited & b.update) !== 0 && this.#running()) consider((this.#seenTick + 1) * second)
    if ((awaited & b.alarm) !== 0 && this.#running()) consider(this.#nextAlarm() * second)
    return deadline
  }

  #update(): void {
    this.#settle()
    const level = (this.#flags & this.#b() & interrupts) !== 0
    if (level === this.#level) return
    this.#level = level
    this.#irq8(level)
  }
}
