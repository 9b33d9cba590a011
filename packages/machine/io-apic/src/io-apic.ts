import {
  copySaved,
  type Device,
  deliveryModes,
  destinationOfByte,
  type InterruptSink,
  likeSaved,
  type MmioRegion,
  type Saved,
} from '@vmm/device'

/** How many inputs it has, numbered from 0. */
export const ioApicPins = 24

/** Where messages go and where the page is. */
export interface IoApicOptions {
  /** Where messages go: the APIC bus. */
  readonly send: InterruptSink
  /** Guest-physical address of its page. */
  readonly base?: number
  /** 11H is the 82093AA; 20H adds the EOI register. */
  readonly version?: 0x11 | 0x20
  /** Whether bits of an entry that mean nothing keep what software writes, or are zero. */
  readonly reserved?: 'zero' | 'kept'
  /** A processor has ended the interrupt of an input. */
  readonly onEnd?: (pin: number) => void
  /** An input is masked now, or is not any more. */
  readonly onMask?: (pin: number, masked: boolean) => void
  /**
   * A level that came while its entry was masked may be an old one. True: who drives the input has been asked to drive it
   * again if it is still up. Left out, the level counts.
   */
  readonly resample?: (pin: number) => boolean
}

/** What an I/O APIC remembers, as software and its inputs have left it. */
export interface IoApicRegisters {
  readonly select: number
  readonly id: number
  /** Bit n: input n is asserted, and nothing has come of that yet. */
  readonly requests: number
  /** The redirection table: 64 bits an entry. */
  readonly entries: readonly bigint[]
}

/** The device: a page of registers, 24 inputs, and messages to the APIC bus. */
export interface IoApic extends Device {
  readonly memory: readonly [MmioRegion]
  /**
   * Asserts or deasserts an input. A line is what the device means, not a voltage: polarity is kept and read back, and
   * whether asserted is high or low is between the board and the guest, who agree by construction. Gives how many
   * processors took a message; 0 where the input was asserted already, or the bus says so; 1 for the end of a request;
   * below zero where a mask, an interrupt that has not ended or the bus is in the way.
   */
  setLine(pin: number, asserted: boolean): number
  /** Whether nothing comes of an input, as far as its mask goes. */
  masks(pin: number): boolean
  /** A processor has ended a vector. */
  endOfInterrupt(vector: number, trigger?: 'edge' | 'level'): void
  readRegisters(): IoApicRegisters
  /** Takes registers from outside, whatever they say; requests are made again. */
  writeRegisters(registers: IoApicRegisters): void
}

const masked = 1 << 16
const level = 1 << 15
const remoteIrr = 1 << 14
const deliveryStatus = 1 << 12
const logical = 1 << 11
/** Vector, delivery mode, destination mode, polarity, trigger mode, mask. Delivery status and remote IRR are read-only. */
const writable = 0x1_afff & ~deliveryStatus

const select = { id: 0, version: 1, arbitration: 2, table: 0x10 } as const
const offset = { select: 0x00, window: 0x10, eoi: 0x40 } as const

/**
 * An I/O APIC with 24 inputs. Edges that come while an entry is masked are lost; a level is seen when the mask goes.
 * Source: Intel 82093AA data sheet (290566); ICH9 data sheet §13.5 for the EOI register.
 */
export function createIoApic(options: IoApicOptions): IoApic {
  return new InputOutputApic(options)
}

class InputOutputApic implements IoApic {
  readonly name = 'io-apic'
  readonly memory: readonly [MmioRegion]
  readonly #options: IoApicOptions
  readonly #send: InterruptSink
  readonly #version: number
  readonly #writable: number
  #select = 0
  #id = 0
  #low: number[] = Array.from({ length: ioApicPins }, () => masked)
  #high: number[] = Array.from({ length: ioApicPins }, () => 0)
  #lines: boolean[] = Array.from({ length: ioApicPins }, () => false)
  /** Bit n: the edge that asserted input n has been sent. */
  #sent = 0

  constructor(options: IoApicOptions) {
    const { send, base = 0xfec0_0000, version = 0x20, reserved = 'zero' } = options
    this.#options = options
    this.#send = send
    this.#version = version
    this.#writable = reserved === 'zero' ? writable : ~(remoteIrr | deliveryStatus)
    const read = (at: number, size: 1 | 2 | 4) => this.#readPage(at, size)
    const write = (at: number, size: 1 | 2 | 4, value: number) => this.#writePage(at, size, value)
    this.memory = [{ base, length: 0x1000, read, write }]
  }

  masks(pin: number): boolean {
    return ((this.#low[pin] ?? masked) & masked) !== 0
  }

  /** The inputs' levels are not its to reset. */
  reset(): void {
    this.#select = 0
    this.#id = 0
    this.#low.fill(masked)
    this.#high.fill(0)
    this.#sent = 0
  }

  setLine(pin: number, asserted: boolean): number {
    const was = this.#lines[pin]
    if (was === undefined) return -1
    this.#lines[pin] = asserted
    if (!asserted) return 1
    const isEdge = ((this.#low[pin] ?? masked) & level) === 0
    if (isEdge) this.#sent &= ~(1 << pin)
    return isEdge && was ? 0 : this.#service(pin)
  }

  endOfInterrupt(vector: number, trigger: 'edge' | 'level' = 'level'): void {
    const { onEnd } = this.#options
    if (trigger === 'edge' && onEnd === undefined) return
    for (let pin = 0; pin < ioApicPins; pin++) {
      if (((this.#low[pin] ?? masked) & 0xff) !== vector) continue
      onEnd?.(pin)
      const low = this.#low[pin] ?? masked
      if (trigger === 'edge' || (low & remoteIrr) === 0) continue
      this.#low[pin] = low & ~remoteIrr
      if (this.#lines[pin] === true) this.#service(pin)
    }
  }

  readRegisters(): IoApicRegisters {
    const requests = this.#lines.reduce((bits, line, pin) => (line ? bits | (1 << pin) : bits), 0) & ~this.#sent
    const entries = this.#low.map((low, pin) => (BigInt((this.#high[pin] ?? 0) >>> 0) << 32n) | BigInt(low >>> 0))
    return { select: this.#select, id: this.#id, requests, entries }
  }

  writeRegisters({ select, id, requests, entries }: IoApicRegisters): void {
    this.#select = select
    this.#id = id
    this.#low = this.#low.map((_, pin) => Number((entries[pin] ?? BigInt(masked)) & 0xffff_ffffn))
    this.#high = this.#high.map((_, pin) => Number((entries[pin] ?? 0n) >> 32n))
    this.#lines.fill(false)
    this.#sent = 0
    for (let pin = 0; pin < ioApicPins; pin++) if ((requests & (1 << pin)) !== 0) this.setLine(pin, true)
  }

  save(): Saved {
    return copySaved(this.#state())
  }

  restore(saved: Saved): void {
    const { select, id, low, high, lines, sent } = likeSaved(this.name, this.#state(), saved)
    this.#select = select
    this.#id = id
    this.#low = low
    this.#high = high
    this.#lines = lines
    this.#sent = sent
  }

  #state() {
    const [low, high, lines, sent] = [this.#low, this.#high, this.#lines, this.#sent]
    return { select: this.#select, id: this.#id, low, high, lines, sent }
  }

  /** Sends the message of an asserted input, unless it is masked or waits for the end of the last one. */
  #service(pin: number): number {
    const low = this.#low[pin] ?? masked
    const isLevel = (low & level) !== 0
    if ((low & masked) !== 0 || (isLevel && (low & remoteIrr) !== 0)) return -1
    if (!isLevel) this.#sent |= 1 << pin
    const delivery = deliveryModes[(low >> 8) & 7]
    if (delivery === undefined || delivery === 'sipi') return 0
    const taken = this.#send({
      vector: low & 0xff,
      delivery,
      destination: destinationOfByte((this.#high[pin] ?? 0) >>> 24),
      destinationMode: (low & logical) === 0 ? 'physical' : 'logical',
      trigger: isLevel ? 'level' : 'edge',
    })
    const vectored = delivery === 'fixed' || delivery === 'lowest'
    if (taken !== 0 && isLevel && vectored) this.#low[pin] = low | remoteIrr
    return taken
  }

  #readPage(at: number, size: 1 | 2 | 4): number {
    const word = at & ~3
    const value = word === offset.select ? this.#select : word === offset.window ? this.#readRegister() : 0
    const shifted = value >>> (8 * (at & 3))
    return size === 4 ? shifted : shifted & (size === 1 ? 0xff : 0xffff)
  }

  #writePage(at: number, size: 1 | 2 | 4, value: number): void {
    if (at === offset.select) this.#select = value & 0xff
    else if (at === offset.window && size === 4) this.#writeRegister(value >>> 0)
    else if (at === offset.eoi && this.#version >= 0x20) this.endOfInterrupt(value & 0xff)
  }

  #readRegister(): number {
    if (this.#select === select.id || this.#select === select.arbitration) return (this.#id & 0xf) << 24
    if (this.#select === select.version) return this.#version | ((ioApicPins - 1) << 16)
    const pin = (this.#select - select.table) >> 1
    const half = (this.#select & 1) === 0 ? this.#low : this.#high
    return half[pin] ?? 0
  }

  #writeRegister(value: number): void {
    if (this.#select === select.id) this.#id = (value >>> 24) & 0xf
    const pin = (this.#select - select.table) >> 1
    const old = this.#low[pin]
    if (old === undefined) return
    if ((this.#select & 1) === 0) this.#writeLow(pin, old, value)
    else this.#high[pin] = this.#options.reserved === 'kept' ? value : (value & 0xff00_0000) >>> 0
  }

  /**
   * Making an entry edge-triggered clears remote IRR: on parts without an EOI register that is how software ends an interrupt.
   * Source: Linux, arch/x86/kernel/apic/io_apic.c, __eoi_ioapic_pin.
   */
  #writeLow(pin: number, old: number, value: number): void {
    const kept = (value & level) !== 0 ? old & remoteIrr : 0
    const low = ((value & this.#writable) | kept) >>> 0
    this.#low[pin] = low
    if (((old ^ low) & masked) !== 0) this.#options.onMask?.(pin, (low & masked) !== 0)
    if ((low & level) === 0 || this.#lines[pin] !== true || (low & (masked | remoteIrr)) !== 0) return
    // who is asked may drive the input at once
    this.#lines[pin] = false
    if (this.#options.resample?.(pin) === true) return
    this.#lines[pin] = true
    this.#service(pin)
  }
}
