import { type Device, type InterruptLine, likeSaved, type PortRange, type Saved } from '@vmm/device'
import { PciFunction, type PciSpaces } from './pci-function.ts'

type Size = 1 | 2 | 4

/** What the bus is wired to. */
export interface PciBusOptions {
  readonly spaces: PciSpaces
  /** The interrupt line of a slot's pin, 1 for INTA# to 4 for INTD#. */
  readonly interruptLine?: (slot: number, pin: number) => InterruptLine
}

/** The bus behind configuration mechanism 1: functions by slot, and their lines. */
export interface PciBus extends Device {
  /**
   * Plugs a function in at a slot, 0 to 31, and function number, 0 to 7.
   * @throws {RangeError} if the place is taken or does not exist.
   */
  plug(slot: number, number: number, plugged: PciFunction): void
}

const configAddress = 0xcf8
const configData = 0xcfc
const enabled = 0x8000_0000

/**
 * Configuration mechanism 1 at ports CF8H to CFFH, for bus 0. Only 32-bit accesses to CF8H reach the address register.
 * Its two lowest bits are kept and count: the register number is `(CF8 & 0xff) | (port & 3)`, as in QEMU, where the PCI
 * specification has them always zero. Functions that are not there read as all ones.
 * Source: PCI Local Bus 3.0 §3.2.2.3.2.
 */
export function createPciBus(options: PciBusOptions): PciBus {
  return new ConfigurationMechanism(options)
}

/**
 * The host bridge of the 440FX, which every operating system knows and asks nothing of. Its PAM registers keep what is
 * written and shadow nothing. Source: Intel 440FX PCIset data sheet (290549), §3.2.
 */
export function hostBridge(): PciFunction {
  const scratch: Record<number, number> = {}
  for (let register = 0x50; register < 0x80; register++) scratch[register] = 0
  return new PciFunction({
    name: 'host bridge',
    vendor: 0x8086,
    device: 0x1237,
    classCode: 0x06_0000,
    revision: 2,
    scratch,
  })
}

class ConfigurationMechanism implements PciBus {
  readonly name = 'pci'
  readonly ports: readonly PortRange[]
  readonly #options: PciBusOptions
  readonly #functions = new Map<number, PciFunction>()
  #address = 0

  constructor(options: PciBusOptions) {
    this.#options = options
    const setAddress = (_: number, size: Size, value: number) => {
      if (size === 4) this.#address = (value & 0x80ff_ffff) >>> 0
    }
    this.ports = [
      {
        first: configAddress,
        count: 4,
        read: (_, size) => (size === 4 ? this.#address : allOnes(size)),
        write: setAddress,
      },
      {
        first: configData,
        count: 4,
        read: (port, size) => this.#read(port, size),
        write: (port, size, value) => this.#write(port, size, value),
      },
    ]
  }

  plug(slot: number, number: number, plugged: PciFunction): void {
    const place = slot * 8 + number
    if (slot > 31 || number > 7 || this.#functions.has(place)) {
      throw new RangeError(`pci: there is no free place for ${plugged.name} at ${slot}.${number}`)
    }
    this.#functions.set(place, plugged)
    const pin = plugged.read(0x3d, 1)
    plugged.connect(this.#options.spaces, pin === 0 ? undefined : this.#options.interruptLine?.(slot, pin))
  }

  reset(): void {
    this.#address = 0
    for (const plugged of this.#functions.values()) plugged.reset()
  }

  save(): Saved {
    const functions = Array.from(this.#functions, ([place, plugged]) => ({ place, state: plugged.save() }))
    return { address: this.#address, functions }
  }

  restore(saved: Saved): void {
    const example = this.save() as { address: number; functions: { place: number; state: Saved }[] }
    const { address, functions } = likeSaved(this.name, example, saved)
    for (const { place } of functions) {
      if (!this.#functions.has(place)) throw new RangeError(`pci: there is nothing at place ${place}`)
    }
    for (const { place, state } of functions) this.#functions.get(place)?.restore(state)
    this.#address = address
  }

  #chosen(): PciFunction | undefined {
    const bus = (this.#address >>> 16) & 0xff
    return (this.#address & enabled) !== 0 && bus === 0 ? this.#functions.get((this.#address >>> 8) & 0xff) : undefined
  }

  #register(port: number): number {
    return (this.#address & 0xff) | (port & 3)
  }

  #read(port: number, size: Size): number {
    return this.#chosen()?.read(this.#register(port), size) ?? allOnes(size)
  }

  #write(port: number, size: Size, value: number): void {
    this.#chosen()?.write(this.#register(port), size, value)
  }
}

function allOnes(size: Size): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff
}
