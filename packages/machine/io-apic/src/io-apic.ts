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
}

/** The device: a page of registers, 24 inputs, and messages to the APIC bus. */
export interface IoApic extends Device {
  readonly memory: readonly [MmioRegion]
  /**
   * Asserts or deasserts an input. A line is what the device means, not a voltage: polarity is kept and read back, and
   * whether asserted is high or low is between the board and the guest, who agree by construction.
   */
  setLine(pin: number, asserted: boolean): void
  /** Whether nothing comes of an input, as far as its mask goes. */
  masks(pin: number): boolean
  /** A processor has ended a level-triggered vector. */
  endOfInterrupt(vector: number): void
}

const masked = 1 << 16
const level = 1 << 15
const remoteIrr = 1 << 14
const logical = 1 << 11
/** Vector, delivery mode, destination mode, polarity, trigger mode, mask. Delivery status and remote IRR are read-only. */
const writable = 0x1_afff & ~(1 << 12)

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
  readonly #send: InterruptSink
  readonly #version: number
  #select = 0
  #id = 0
  #low: number[] = Array.from({ length: ioApicPins }, () => masked)
  #high: number[] = Array.from({ length: ioApicPins }, () => 0)
  #lines: boolean[] = Array.from({ length: ioApicPins }, () => false)

  constructor({ send, base = 0xfec0_0000, version = 0x20 }: IoApicOptions) {
    this.#send = send
    this.#version = version
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
  }

  setLine(pin: number, asserted: boolean): void {
    if (this.#lines[pin] === undefined || this.#lines[pin] === asserted) return
    this.#lines[pin] = asserted
    if (asserted) this.#service(pin)
  }

  endOfInterrupt(vector: number): void {
    for (const [pin, low] of this.#low.entries()) {
      if ((low & remoteIrr) === 0 || (low & 0xff) !== vector) continue
      this.#low[pin] = low & ~remoteIrr
      if (this.#lines[pin] === true) this.#service(pin)
    }
  }

  save(): Saved {
    return copySaved(this.#state())
  }

  restore(saved: Saved): void {
    const { select, id, low, high, lines } = likeSaved(this.name, this.#state(), saved)
    this.#select = select
    this.#id = id
    this.#low = low
    this.#high = high
    this.#lines = lines
  }

  #state() {
    return { select: this.#select, id: this.#id, low: this.#low, high: this.#high, lines: this.#lines }
  }

  /** Sends the message of an asserted input, unless it is masked or waits for the end of the last one. */
  #service(pin: number): void {
    const low = this.#low[pin] ?? masked
    const isLevel = (low & level) !== 0
    if ((low & masked) !== 0 || (isLevel && (low & remoteIrr) !== 0)) return
    const delivery = deliveryModes[(low >> 8) & 7]
    if (delivery === undefined || delivery === 'sipi') return
    const taken = this.#send({
      vector: low & 0xff,
      delivery,
      destination: destinationOfByte((this.#high[pin] ?? 0) >>> 24),
      destinationMode: (low & logical) === 0 ? 'physical' : 'logical',
      trigger: isLevel ? 'level' : 'edge',
    })
    const vectored = delivery === 'fixed' || delivery === 'lowest'
    if (taken > 0 && isLevel && vectored) this.#low[pin] = low | remoteIrr
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
    if (this.#select === select.id || this.#select === select.arbitration) return this.#id << 24
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
    if ((this.#select & 1) !== 0) this.#high[pin] = (value & 0xff00_0000) >>> 0
    else this.#writeLow(pin, old, value)
  }

  /**
   * Making an entry edge-triggered clears remote IRR: on parts without an EOI register that is how software ends an interrupt.
   * Source: Linux, arch/x86/kernel/apic/io_apic.c, __eoi_ioapic_pin.
   */
  #writeLow(pin: number, old: number, value: number): void {
    const kept = (value & level) !== 0 ? old & remoteIrr : 0
    this.#low[pin] = (value & writable) | kept
    if ((value & level) !== 0 && this.#lines[pin] === true) this.#service(pin)
  }
}
