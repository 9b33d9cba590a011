import {
  type Clock,
  copySaved,
  type Device,
  type InterruptLine,
  likeSaved,
  type PortRange,
  type Restored,
  type Saved,
  type Timer,
} from '@vmm/device'
import { Receiver } from './receiver.ts'

/** The usual first port of COM1 to COM4, and their ISA interrupts. */
export const comPorts = [
  { base: 0x3f8, irq: 4 },
  { base: 0x2f8, irq: 3 },
  { base: 0x3e8, irq: 4 },
  { base: 0x2e8, irq: 3 },
] as const

/** The crystal of a PC's serial port: 16 pulses a bit. */
const hertz = 1_843_200

/** Where a port is and what it is wired to. */
export interface SerialOptions {
  readonly name?: string
  /** The first of its eight ports. */
  readonly base: number
  readonly clock: Clock
  readonly irq: InterruptLine
  /** A character left the transmitter. */
  readonly onTransmit: (byte: number) => void
  /** There is room again: the guest has read the last character that was waiting, or emptied the buffer. */
  readonly onRoom?: () => void
  /** The modem inputs, as bits 7:4 of the modem status register. The default is a peer that is there: DCD, DSR and CTS. */
  readonly modemInputs?: number
}

/** One port: characters in and out, with FIFOs and the lines of a modem that is always there. */
export interface Serial extends Device {
  readonly timer: Timer
  /** Somebody has asked for a character many times in a row, and there was none. */
  readonly polled: boolean
  /** How many characters `receive` would take now: up to 16, or 1 without a FIFO, none in loopback. */
  readonly room: number
  /** Characters arrive, as many as there is room for, all at once. Returns how many. */
  receive(bytes: Uint8Array): number
}

const ier = { received: 1, transmitted: 2, line: 4, modem: 8 } as const
const mcr = { out2: 8, loopback: 0x10 } as const
const lsr = { ready: 1, overrun: 2, errors: 0x1c, empty: 0x60, fifoError: 0x80, breakAndZero: 0x10 } as const
const lcr = { stop: 4, parity: 8, sendBreak: 0x40, divisorLatch: 0x80 } as const
const identity = { none: 1, line: 6, received: 4, timeout: 0xc, transmitted: 2, modem: 0 } as const
const triggers = [1, 4, 8, 14] as const
const never = -1
/** Looks at the line status in a row that are no longer about one character's way out. */
const pollsInARow = 64

const powerOn = {
  ier: 0,
  lcr: 0,
  mcr: 0,
  /** The four delta bits of the modem status register. */
  deltas: 0,
  scratch: 0,
  divisor: 12,
  fifo: false,
  trigger: 1,
  overrun: false,
  /** The transmitter became empty and nobody has been told. */
  transmitted: false,
  /** When waiting characters become a timeout, or -1. */
  timeoutAt: never as number,
  timedOut: false,
}

/**
 * A 16550A. Transmission takes no time: a character leaves as it is written. Interrupts reach the line while MCR's OUT2
 * is set and loopback is not, as on a PC's board. Source: National PC16550D data sheet.
 */
export function createSerial(options: SerialOptions): Serial {
  return new Uart(options)
}

class Uart implements Serial {
  readonly name: string
  readonly ports: readonly PortRange[]
  readonly timer: Timer
  readonly #options: SerialOptions
  readonly #receiver = new Receiver()
  #state: Restored<typeof powerOn> = copySaved(powerOn)
  #level = false
  /** Of no interest to the guest, and so no part of the state. */
  #polls = 0

  constructor(options: SerialOptions) {
    this.name = options.name ?? `serial ${options.base.toString(16)}`
    this.#options = options
    const read = (port: number) => this.#read(port & 7)
    const write = (port: number, _: number, byte: number) => this.#write(port & 7, byte)
    this.ports = [{ first: options.base, count: 8, widest: 1, read, write }]
    this.timer = { deadline: () => this.#deadline(), fire: () => this.#update() }
  }

  reset(): void {
    this.#state = copySaved(powerOn)
    this.#receiver.fifo = false
    this.#update()
    this.#options.onRoom?.()
  }

  get polled(): boolean {
    return this.#polls >= pollsInARow
  }

  get room(): number {
    return this.#loopback() ? 0 : this.#receiver.room
  }

  receive(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.room)
    for (const byte of bytes.subarray(0, taken)) this.#arrive(byte, 0)
    if (taken > 0) this.#update()
    return taken
  }

  save(): Saved {
    return { state: copySaved(this.#state), receiver: this.#receiver.save(), level: this.#level }
  }

  restore(saved: Saved): void {
    const example = { state: this.#state, receiver: this.#receiver.save(), level: false }
    const { state, receiver, level } = likeSaved(this.name, example, saved)
    this.#receiver.restore(receiver)
    this.#state = state
    this.#level = level
  }

  #loopback(): boolean {
    return (this.#state.mcr & mcr.loopback) !== 0
  }

  #latchOpen(): boolean {
    return (this.#state.lcr & lcr.divisorLatch) !== 0
  }

  #read(register: number): number {
    const state = this.#state
    switch (register) {
      case 0:
        return this.#latchOpen() ? state.divisor & 0xff : this.#readCharacter()
      case 1:
        return this.#latchOpen() ? state.divisor >> 8 : state.ier
      case 2:
        return this.#readIdentity()
      case 3:
        return state.lcr
      case 4:
        return state.mcr
      case 5:
        return this.#readLineStatus()
      case 6:
        return this.#readModemStatus()
      default:
        return state.scratch
    }
  }

  #write(register: number, byte: number): void {
    const state = this.#state
    if (register === 0 && this.#latchOpen()) state.divisor = (state.divisor & 0xff00) | byte
    else if (register === 1 && this.#latchOpen()) state.divisor = (state.divisor & 0xff) | (byte << 8)
    else if (register === 0) this.#transmit(byte)
    else if (register === 1) this.#writeEnable(byte)
    else if (register === 2) this.#writeFifoControl(byte)
    else if (register === 3) this.#writeLineControl(byte)
    else if (register === 4) this.#writeModemControl(byte)
    else if (register === 7) state.scratch = byte
    this.#update()
  }

  #readCharacter(): number {
    this.#settle()
    const character = this.#receiver.shift()
    this.#state.timedOut = false
    this.#wait()
    this.#update()
    if (character !== undefined && this.#receiver.count === 0) this.#options.onRoom?.()
    return character?.byte ?? 0
  }

  /** The transmitter interrupt ends when it is written to or when it is named to the reader. Source: PC16550D, Table III. */
  #readIdentity(): number {
    this.#settle()
    const source = this.#source()
    if (source === identity.transmitted) this.#state.transmitted = false
    this.#update()
    return source | (this.#state.fifo ? 0xc0 : 0)
  }

  #readLineStatus(): number {
    const state = this.#state
    const anyError = state.fifo && this.#receiver.anyStatus ? lsr.fifoError : 0
    const overrun = state.overrun ? lsr.overrun : 0
    const ready = this.#receiver.count > 0 ? lsr.ready : 0
    this.#polls = ready === 0 ? this.#polls + 1 : 0
    const status = lsr.empty | ready | overrun | this.#receiver.takeStatus() | anyError
    state.overrun = false
    this.#update()
    return status
  }

  #readModemStatus(): number {
    const status = this.#modemInputs() | this.#state.deltas
    this.#state.deltas = 0
    this.#update()
    return status
  }

  #transmit(byte: number): void {
    this.#polls = 0
    this.#state.transmitted = false
    this.#update()
    if (this.#loopback()) this.#arrive(byte, 0)
    else this.#options.onTransmit(byte)
    this.#state.transmitted = true
  }

  #arrive(byte: number, status: number): void {
    this.#polls = 0
    if (!this.#receiver.push(byte & this.#characterMask(), status)) this.#state.overrun = true
    this.#wait()
  }

  #characterMask(): number {
    return 0xff >> (3 - (this.#state.lcr & 3))
  }

  /** Enabling the transmitter interrupt while the transmitter is empty, as it always is, interrupts. */
  #writeEnable(byte: number): void {
    const state = this.#state
    if ((byte & ier.transmitted & ~state.ier) !== 0) state.transmitted = true
    state.ier = byte & 0x0f
  }

  #writeFifoControl(byte: number): void {
    const state = this.#state
    const on = (byte & 1) !== 0
    const waiting = this.#receiver.count > 0
    if (on !== state.fifo) {
      state.fifo = on
      this.#receiver.fifo = on
    }
    state.trigger = on ? (triggers[(byte >> 6) & 3] ?? 1) : 1
    if (on && (byte & 2) !== 0) this.#receiver.clear()
    state.timedOut = false
    this.#wait()
    if (waiting && this.#receiver.count === 0) this.#options.onRoom?.()
  }

  #writeLineControl(byte: number): void {
    const begins = (byte & lcr.sendBreak & ~this.#state.lcr) !== 0
    this.#state.lcr = byte
    if (begins && this.#loopback()) this.#arrive(0, lsr.breakAndZero)
  }

  #writeModemControl(byte: number): void {
    const before = this.#modemInputs()
    const looped = this.#loopback()
    this.#state.mcr = byte & 0x1f
    const after = this.#modemInputs()
    const changed = (before ^ after) >> 4
    const ringEnded = (before & ~after & 0x40) !== 0 ? 4 : 0
    this.#state.deltas |= (changed & 0x0b) | ringEnded
    if (looped && !this.#loopback() && this.room > 0) this.#options.onRoom?.()
  }

  /** In loopback the four outputs are the four inputs: RTS is CTS, DTR is DSR, OUT1 is RI, OUT2 is DCD. */
  #modemInputs(): number {
    const out = this.#state.mcr
    if ((out & mcr.loopback) === 0) return this.#options.modemInputs ?? 0xb0
    return ((out & 2) << 3) | ((out & 1) << 5) | ((out & 4) << 4) | ((out & 8) << 4)
  }

  /** The most urgent enabled interrupt, as the identification register says it. Source: PC16550D, Table III. */
  #source(): number {
    const state = this.#state
    const { count } = this.#receiver
    if ((state.ier & ier.line) !== 0 && (state.overrun || this.#receiver.frontStatus !== 0)) return identity.line
    if ((state.ier & ier.received) !== 0 && count >= state.trigger) return identity.received
    if ((state.ier & ier.received) !== 0 && state.timedOut) return identity.timeout
    if ((state.ier & ier.transmitted) !== 0 && state.transmitted) return identity.transmitted
    if ((state.ier & ier.modem) !== 0 && state.deltas !== 0) return identity.modem
    return identity.none
  }

  /** Four character times after the last activity, characters below the trigger level are reported. */
  #wait(): void {
    const state = this.#state
    const waits = state.fifo && this.#receiver.count > 0
    state.timeoutAt = waits ? this.#options.clock.now() + this.#fourCharacters() : never
  }

  #fourCharacters(): number {
    const { lcr: format, divisor } = this.#state
    const bits = 7 + (format & 3) + ((format & lcr.stop) !== 0 ? 1 : 0) + ((format & lcr.parity) !== 0 ? 1 : 0)
    return Math.ceil((4 * bits * 16 * Math.max(1, divisor) * 1e9) / hertz)
  }

  #settle(): void {
    const state = this.#state
    if (state.timeoutAt === never || this.#options.clock.now() < state.timeoutAt) return
    state.timeoutAt = never
    state.timedOut = true
  }

  #deadline(): number {
    const waits = this.#state.timeoutAt !== never && (this.#state.ier & ier.received) !== 0
    return waits ? this.#state.timeoutAt : Number.POSITIVE_INFINITY
  }

  #update(): void {
    this.#settle()
    const connected = (this.#state.mcr & (mcr.out2 | mcr.loopback)) === mcr.out2
    const level = connected && this.#source() !== identity.none
    if (level === this.#level) return
    this.#level = level
    this.#options.irq(level)
  }
}
