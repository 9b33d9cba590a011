import { type InterruptLine, likeSaved, type MmioRegion, type PortRange, type Saved } from '@vmm/device'

type Size = 1 | 2 | 4

/** What answers inside a BAR's window; `offset` counts from its start. */
export interface BarAccess {
  read(offset: number, size: Size): number
  write(offset: number, size: Size, value: number): void
}

/** A base address register. `size` is a power of two: at least 16 for memory, 4 for I/O. */
export interface Bar {
  readonly kind: 'memory' | 'io'
  readonly size: number
  readonly access: BarAccess
  /** Where firmware has put it, if it has. */
  readonly at?: number
}

/** Where a function's windows go while they are decoded. */
export interface PciSpaces {
  attachPorts(range: PortRange): void
  detachPorts(range: PortRange): void
  attachMemory(region: MmioRegion): void
  detachMemory(region: MmioRegion): void
}

/** What a function says of itself in its configuration space. */
export interface PciFunctionOptions {
  readonly name: string
  readonly vendor: number
  readonly device: number
  /** Class, subclass and programming interface, 24 bits. */
  readonly classCode: number
  readonly revision?: number
  readonly subsystem?: { readonly vendor: number; readonly device: number }
  /** At most six, in the order of the registers; `undefined` leaves one out. */
  readonly bars?: readonly (Bar | undefined)[]
  /** 1 for INTA# to 4 for INTD#; 0 for none. */
  readonly interruptPin?: number
  /** What is behind the windows, if it has state: it is reset, saved and restored with the function. */
  readonly content?: {
    reset(): void
    save(): Saved
    restore(saved: Saved): void
  }
  /** More configuration bytes that the guest may change, by offset, with their first value. Nothing comes of them here. */
  readonly scratch?: Readonly<Record<number, number>>
}

const offsets = {
  command: 0x04,
  status: 0x06,
  bars: 0x10,
  subsystem: 0x2c,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const
const command = { io: 1, memory: 2, writable: 0x0547, interruptOff: 0x400 } as const
const interruptStatus = 0x08

interface Window {
  readonly bar: Bar
  readonly base: number
  readonly undo: () => void
}

/** One function of a PCI device: its configuration header and the windows that its BARs open. Source: PCI Local Bus 3.0 §6. */
export class PciFunction {
  readonly name: string
  readonly #options: PciFunctionOptions
  #spaces: PciSpaces | undefined
  #line: InterruptLine | undefined
  #config: Uint8Array = new Uint8Array(256)
  readonly #writable = new Uint8Array(256)
  #windows: (Window | undefined)[] = []
  #asserted = false

  constructor(options: PciFunctionOptions) {
    this.name = options.name
    this.#options = options
    this.#defineWritable()
    this.#fill()
  }

  /** Plugs it in: from now on its windows appear in `spaces`, and its interrupt drives `line`. */
  connect(spaces: PciSpaces, line: InterruptLine | undefined): void {
    this.#spaces = spaces
    this.#line = line
    this.#decode()
  }

  reset(): void {
    this.#asserted = false
    this.#options.content?.reset()
    this.#fill()
    this.#decode()
    this.#drive()
  }

  /** Zero-extended; accesses do not cross a 32-bit register. */
  read(offset: number, size: Size): number {
    let value = 0
    for (let index = size - 1; index >= 0; index--) value = (value << 8) | (this.#config[offset + index] ?? 0xff)
    return value >>> 0
  }

  write(offset: number, size: Size, value: number): void {
    for (let index = 0; index < size; index++) {
      const at = offset + index
      const mask = this.#writable[at] ?? 0
      this.#config[at] = ((this.#config[at] ?? 0) & ~mask) | ((value >>> (8 * index)) & mask)
    }
    this.#decode()
    this.#drive()
  }

  /** The level of its interrupt pin, before INTx disable. */
  setInterrupt(asserted: boolean): void {
    this.#asserted = asserted
    this.#drive()
  }

  save(): Saved {
    const content = this.#options.content?.save() ?? null
    return { config: this.#config.slice(), asserted: this.#asserted, content }
  }

  restore(saved: Saved): void {
    const content = this.#options.content?.save() ?? null
    const state = likeSaved(this.name, { config: this.#config, asserted: false, content }, saved)
    this.#options.content?.restore(state.content)
    this.#config = state.config
    this.#asserted = state.asserted
    this.#decode()
  }

  #defineWritable(): void {
    const put = (at: number, size: number, mask: number) => {
      for (let index = 0; index < size; index++) this.#writable[at + index] = mask >>> (8 * index)
    }
    put(offsets.command, 2, command.writable)
    put(offsets.interruptLine, 1, 0xff)
    for (const [index, bar] of this.#bars()) put(offsets.bars + 4 * index, 4, -bar.size)
    for (const at of Object.keys(this.#options.scratch ?? {})) put(Number(at), 1, 0xff)
  }

  #fill(): void {
    const { vendor, device, classCode, revision = 0, subsystem, interruptPin = 0, scratch = {} } = this.#options
    this.#config.fill(0)
    const view = new DataView(this.#config.buffer, this.#config.byteOffset)
    view.setUint16(0, vendor, true)
    view.setUint16(2, device, true)
    view.setUint32(8, (classCode << 8) | revision, true)
    view.setUint16(offsets.subsystem, subsystem?.vendor ?? 0, true)
    view.setUint16(offsets.subsystem + 2, subsystem?.device ?? 0, true)
    view.setUint8(offsets.interruptPin, interruptPin)
    let enabled = 0
    for (const [index, bar] of this.#bars()) {
      view.setUint32(offsets.bars + 4 * index, (bar.at ?? 0) | (bar.kind === 'io' ? 1 : 0), true)
      if (bar.at !== undefined) enabled |= bar.kind === 'io' ? command.io : command.memory
    }
    view.setUint16(offsets.command, enabled, true)
    for (const [at, byte] of Object.entries(scratch)) view.setUint8(Number(at), byte)
  }

  #bars(): [number, Bar][] {
    return (this.#options.bars ?? []).flatMap((bar, index) =>
      bar === undefined ? [] : [[index, bar] as [number, Bar]],
    )
  }

  /** Opens, moves and closes windows as the command register and the BARs say. */
  #decode(): void {
    const spaces = this.#spaces
    if (spaces === undefined) return
    for (const [index, bar] of this.#bars()) {
      const base = this.#baseOf(index, bar)
      const open = this.#windows[index]
      if ((open?.base ?? -1) === base) continue
      open?.undo()
      this.#windows[index] = base < 0 ? undefined : openWindow(spaces, bar, base)
    }
  }

  /** Where a BAR is decoded, or -1. Addresses that do not fit, and 0, which means unassigned, are not. */
  #baseOf(index: number, bar: Bar): number {
    const commandBit = bar.kind === 'io' ? command.io : command.memory
    if ((this.read(offsets.command, 2) & commandBit) === 0) return -1
    const base = (this.read(offsets.bars + 4 * index, 4) & -bar.size) >>> 0
    const limit = bar.kind === 'io' ? 0x1_0000 : 0x1_0000_0000
    return base === 0 || base + bar.size > limit ? -1 : base
  }

  #drive(): void {
    const low = this.#config[offsets.status] ?? 0
    this.#config[offsets.status] = this.#asserted ? low | interruptStatus : low & ~interruptStatus
    const off = (this.read(offsets.command, 2) & command.interruptOff) !== 0
    this.#line?.(this.#asserted && !off)
  }
}

function openWindow(spaces: PciSpaces, bar: Bar, base: number): Window {
  const { access, size } = bar
  if (bar.kind === 'io') {
    const range: PortRange = {
      first: base,
      count: size,
      read: (port, width) => access.read(port - base, width),
      write: (port, width, value) => access.write(port - base, width, value),
    }
    spaces.attachPorts(range)
    return { bar, base, undo: () => spaces.detachPorts(range) }
  }
  const region: MmioRegion = {
    base,
    length: size,
    read: (offset, width) => access.read(offset, width),
    write: (offset, width, value) => access.write(offset, width, value),
  }
  spaces.attachMemory(region)
  return { bar, base, undo: () => spaces.detachMemory(region) }
}
