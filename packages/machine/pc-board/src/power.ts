import {
  type Clock,
  type Device,
  type InterruptLine,
  likeSaved,
  nanosecondsAt,
  type PortRange,
  type Saved,
  type Timer,
  ticksAt,
} from '@vmm/device'
import type { OnMachineEvent } from './machine-event.ts'

/** The fixed ACPI registers, as the FADT gives them to the guest. */
export const powerPorts = { event: 0x600, control: 0x604, timer: 0x608 } as const

/** SLP_TYP of the sleep states, as the DSDT gives them. */
export const sleepTypes = { s5: 0, s3: 1 } as const

/** The ACPI power management timer, in Hz. */
export const powerTimerHertz = 3_579_545

/** The timer shows this many bits; TMR_STS is set whenever the highest one changes. Source: ACPI 6.5 §4.8.3.3. */
const timerBits = 24
const halfTurn = 2 ** (timerBits - 1)

const status = { timer: 0x0001, rtc: 0x0400, wake: 0x8000 } as const
const clearable = status.timer | 0x0130 | status.rtc | status.wake
const enable = { timer: 0x0001, rtc: 0x0400 } as const
const enabledMask = enable.timer | 0x0120 | enable.rtc
const control = { sciEnable: 0x0001, sleepEnable: 0x2000 } as const

const powerOn = { status: 0, enable: 0, control: 0, sleeping: false, seenHalf: 0, level: false }

export interface PowerOptions {
  readonly clock: Clock
  /** The system control interrupt, level-triggered. */
  readonly sci: InterruptLine
  readonly onEvent: OnMachineEvent
}

/**
 * The fixed ACPI hardware: PM1a event and control registers and the PM timer. The machine is always in ACPI mode.
 * Source: ACPI 6.5 §4.8.3.
 */
export class Power implements Device {
  readonly name = 'power'
  readonly ports: readonly PortRange[]
  readonly timer: Timer
  readonly #options: PowerOptions
  #state = { ...powerOn }

  constructor(options: PowerOptions) {
    this.#options = options
    const read = (port: number) => this.#readWord(port)
    const write = (port: number, size: 1 | 2 | 4, value: number) => this.#writeWord(port, size, value)
    this.ports = [
      {
        first: powerPorts.event,
        count: 6,
        widest: 2,
        read: (port, size) => narrow(read(port & ~1), port & 1, size),
        write,
      },
      {
        first: powerPorts.timer,
        count: 4,
        read: (port, size) => narrow(this.#ticks() % (2 * halfTurn), port & 3, size),
        write: () => undefined,
      },
    ]
    this.timer = { deadline: () => this.#deadline(), fire: () => this.#update() }
  }

  reset(): void {
    this.#state = { ...powerOn, level: this.#state.level, seenHalf: this.#half() }
    this.#update()
  }

  /** The clock's interrupt: with RTC_EN it ends S3. */
  clockInterrupt(level: boolean): void {
    if (!level) return
    const state = this.#state
    state.status |= status.rtc
    if (state.sleeping && (state.enable & enable.rtc) !== 0) this.wake()
    this.#update()
  }

  /** Ends S3. Does nothing to a machine that is awake. */
  wake(): void {
    if (!this.#state.sleeping) return
    this.#state.sleeping = false
    this.#state.status |= status.wake
    this.#options.onEvent({ kind: 'wake' })
  }

  get sleeping(): boolean {
    return this.#state.sleeping
  }

  save(): Saved {
    return { ...this.#state }
  }

  restore(saved: Saved): void {
    this.#state = likeSaved(this.name, this.#state, saved)
  }

  #ticks(): number {
    return ticksAt(powerTimerHertz, this.#options.clock.now())
  }

  #half(): number {
    return Math.floor(this.#ticks() / halfTurn)
  }

  #readWord(port: number): number {
    this.#settle()
    if (port === powerPorts.event) return this.#state.status
    if (port === powerPorts.event + 2) return this.#state.enable
    return this.#state.control | control.sciEnable
  }

  #writeWord(port: number, size: 1 | 2 | 4, value: number): void {
    this.#settle()
    const state = this.#state
    const shift = 8 * (port & 1)
    const mask = (size === 1 ? 0xff : 0xffff) << shift
    const written = (value << shift) & mask
    if ((port & ~1) === powerPorts.event) state.status &= ~(written & clearable)
    else if ((port & ~1) === powerPorts.event + 2) state.enable = ((state.enable & ~mask) | written) & enabledMask
    else this.#writeControl((state.control & ~mask) | written)
    this.#update()
  }

  /** SLP_EN reads as zero; SLP_TYP is bits 12:10. Types that no `_Sx` object names do nothing. */
  #writeControl(value: number): void {
    this.#state.control = value & 0x1c07
    if ((value & control.sleepEnable) === 0) return
    const type = (value >> 10) & 7
    if (type === sleepTypes.s5) this.#options.onEvent({ kind: 'power-off', by: 'acpi' })
    if (type !== sleepTypes.s3) return
    this.#state.sleeping = true
    this.#options.onEvent({ kind: 'suspend' })
  }

  #settle(): void {
    const half = this.#half()
    if (half === this.#state.seenHalf) return
    this.#state.seenHalf = half
    this.#state.status |= status.timer
  }

  #deadline(): number {
    const { enable: enabled, status: happened, seenHalf } = this.#state
    const waits = (enabled & ~happened & enable.timer) !== 0
    return waits ? nanosecondsAt(powerTimerHertz, (seenHalf + 1) * halfTurn) : Number.POSITIVE_INFINITY
  }

  #update(): void {
    this.#settle()
    const level = (this.#state.status & this.#state.enable) !== 0
    if (level === this.#state.level) return
    this.#state.level = level
    this.#options.sci(level)
  }
}

/** The part of a register that an access at a byte offset sees. */
function narrow(value: number, offset: number, size: 1 | 2 | 4): number {
  const shifted = value >>> (8 * offset)
  return size === 4 ? shifted : shifted & (size === 1 ? 0xff : 0xffff)
}
