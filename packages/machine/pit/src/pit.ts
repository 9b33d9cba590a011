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
import { Channel, type PitCounterRegisters } from './channel.ts'

/** The input clock of all three counters, in Hz: the PC's 14.31818 MHz divided by 12. */
export const pitHertz = 1_193_182

/** Port 61H bit 4 changes with every memory refresh request. Source: ICH9 data sheet §13.7.1, REF_TOGGLE. */
const refreshNanoseconds = 15_085

/** What the counters are wired to. */
export interface PitOptions {
  readonly clock: Clock
  /** Follows OUT of counter 0. */
  readonly irq0: InterruptLine
  /** What it is when it is made and reset: as firmware leaves it, or as nobody has programmed it yet. Default: `firmware`. */
  readonly powerOn?: 'firmware' | 'unprogrammed'
  /** Whether port 61H is here. Default: `present`. */
  readonly speaker?: 'present' | 'absent'
}

/** What the timer remembers. */
export interface PitRegisters {
  readonly counters: readonly [PitCounterRegisters, PitCounterRegisters, PitCounterRegisters]
  /** Bits 3:0 of port 61H. */
  readonly speaker: number
}

/** The three counters behind their ports, port 61H among them. */
export interface Pit extends Device {
  readonly timer: Timer
  /** The level of a counter's OUT pin, 0 to 2. */
  out(counter: 0 | 1 | 2): boolean
  readRegisters(): PitRegisters
  /** Takes registers from outside, whatever they say; all counters begin to count. */
  writeRegisters(registers: PitRegisters): void
}

/**
 * The 8254 at ports 40H to 43H and the port 61H that gates its third counter.
 * Source: Intel 8254 data sheet; ICH9 data sheet §13.7.1 "NMI_SC".
 */
export function createPit(options: PitOptions): Pit {
  return new IntervalTimer(options)
}

class IntervalTimer implements Pit {
  readonly name = 'pit'
  readonly ports: readonly PortRange[]
  readonly timer: Timer
  readonly #powerOn: PitOptions['powerOn']
  readonly #clock: Clock
  readonly #irq0: InterruptLine
  readonly #channels = [new Channel(true), new Channel(true), new Channel(false)] as const
  #port61 = 0
  #seen = 0
  /** The level of the speaker's OUT, and how long it stays: what is looked at again and again hardly ever changes. */
  #speakerOut = false
  #speakerFrom: Nanoseconds = 0
  #speakerUntil: Nanoseconds = 0

  constructor({ clock, irq0, powerOn = 'firmware', speaker = 'present' }: PitOptions) {
    this.#clock = clock
    this.#irq0 = irq0
    this.#powerOn = powerOn
    const counters: PortRange = {
      first: 0x40,
      count: 4,
      widest: 1,
      read: (port) => this.#read(port & 3),
      write: (port, _, value) => this.#write(port & 3, value),
    }
    const control: PortRange = {
      first: 0x61,
      count: 1,
      widest: 1,
      read: () => this.#readControl(),
      holds: () => this.#controlHolds(),
      write: (_, __, value) => this.#writeControl(value),
    }
    this.ports = speaker === 'present' ? [counters, control] : [counters]
    this.timer = { deadline: () => this.#deadline(), fire: () => this.#drive() }
    this.reset()
  }

  reset(): void {
    this.#forgetSpeaker()
    const tick = this.#tick()
    for (const [index, channel] of this.#channels.entries()) {
      if (this.#powerOn === 'unprogrammed') channel.resetUnprogrammed(index !== 2)
      else channel.reset(index !== 2, tick)
    }
    this.#port61 = 0
    this.#seen = tick
    this.#irq0(this.out(0))
  }

  out(counter: 0 | 1 | 2): boolean {
    return this.#channels[counter].out(this.#tick())
  }

  readRegisters(): PitRegisters {
    const tick = this.#tick()
    const [first, second, third] = this.#channels
    const counters = [first.registers(tick), second.registers(tick), third.registers(tick)] as const
    return { counters, speaker: this.#port61 }
  }

  writeRegisters({ counters, speaker }: PitRegisters): void {
    this.#forgetSpeaker()
    const tick = this.#tick()
    for (const [index, channel] of this.#channels.entries()) channel.load(counters[index] ?? counters[0], tick)
    this.#port61 = speaker & 0x0f
    this.#drive()
  }

  save(): Saved {
    return { port61: this.#port61, seen: this.#seen, channels: this.#channels.map((channel) => channel.save()) }
  }

  restore(saved: Saved): void {
    this.#forgetSpeaker()
    const state = likeSaved('pit', this.save() as { port61: number; seen: number; channels: Saved[] }, saved)
    for (const [index, channel] of this.#channels.entries()) channel.restore(state.channels[index] ?? null)
    this.#port61 = state.port61
    this.#seen = state.seen
  }

  #tick(): number {
    return ticksAt(pitHertz, this.#clock.now())
  }

  #read(register: number): number {
    const channel = this.#channels[register]
    return channel === undefined ? 0xff : channel.read(this.#tick())
  }

  #write(register: number, byte: number): void {
    this.#forgetSpeaker()
    this.#drive()
    const channel = this.#channels[register]
    if (channel === undefined) this.#control(byte)
    else channel.write(byte, this.#tick())
    this.#drive()
  }

  #control(word: number): void {
    const tick = this.#tick()
    const chosen = this.#channels[word >> 6]
    chosen?.control(word, tick)
    if (chosen === undefined) this.#readBack(word, tick)
  }

  #readBack(word: number, tick: number): void {
    for (const [index, channel] of this.#channels.entries()) {
      if ((word & (2 << index)) === 0) continue
      if ((word & 0x20) === 0) channel.latch(tick)
      if ((word & 0x10) === 0) channel.latchStatus(tick)
    }
  }

  #readControl(): number {
    const now = this.#clock.now()
    const refresh = Math.floor(now / refreshNanoseconds) & 1
    if (now < this.#speakerFrom || now >= this.#speakerUntil) this.#lookAtSpeaker(now)
    return this.#port61 | (refresh << 4) | (this.#speakerOut ? 0x20 : 0)
  }

  /** The next refresh comes soon enough. */
  #controlHolds(): Nanoseconds {
    const refreshes = Math.floor(this.#clock.now() / refreshNanoseconds)
    return Math.min((refreshes + 1) * refreshNanoseconds, this.#speakerUntil)
  }

  #lookAtSpeaker(now: Nanoseconds): void {
    const [speaker, tick] = [this.#channels[2], ticksAt(pitHertz, now)]
    this.#speakerOut = speaker.out(tick)
    this.#speakerFrom = now
    const change = speaker.nextChange(tick)
    this.#speakerUntil = change === Number.POSITIVE_INFINITY ? change : nanosecondsAt(pitHertz, change)
  }

  /** The speaker's counter may be another now. */
  #forgetSpeaker(): void {
    this.#speakerUntil = 0
  }

  #writeControl(byte: number): void {
    this.#forgetSpeaker()
    this.#port61 = byte & 0x0f
    this.#channels[2].setGate((byte & 1) !== 0, this.#tick())
  }

  #deadline(): Nanoseconds {
    const change = this.#channels[0].nextChange(this.#seen)
    return change === Number.POSITIVE_INFINITY ? change : nanosecondsAt(pitHertz, change)
  }

  /** Shows IRQ0 what OUT did since the last look; a clock that jumped over several periods shows one edge. */
  #drive(): void {
    const tick = this.#tick()
    const channel = this.#channels[0]
    const changes = this.#edgesUntil(tick)
    const out = channel.out(tick)
    if (changes > 1) this.#irq0(false)
    if (changes > 1) this.#irq0(true)
    this.#irq0(out)
    this.#seen = tick
  }

  #edgesUntil(tick: number): number {
    let edges = 0
    let at = this.#channels[0].nextChange(this.#seen)
    for (; at <= tick && edges < 2; edges++) at = this.#channels[0].nextChange(at)
    return edges
  }
}
