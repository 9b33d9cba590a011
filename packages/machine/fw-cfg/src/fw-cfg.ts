import { type Device, likeSaved, type PortRange, type Saved } from '@vmm/device'

/** Keys that every machine has. Source: QEMU, docs/specs/fw_cfg.rst, and include/standard-headers/linux/qemu_fw_cfg.h. */
export const fwCfgKey = {
  signature: 0x00,
  id: 0x01,
  ramSize: 0x03,
  cpuCount: 0x05,
  maxCpus: 0x0f,
  /** What kvm-unit-tests take for the most memory to use: 0, which this device answers for any unknown key, is "no limit". */
  kernelData: 0x11,
  fileDirectory: 0x19,
  firstFile: 0x20,
} as const

/** Guest memory as the DMA interface reaches it. Both return `false`, or nothing, where there is no memory. */
export interface FwCfgMemory {
  read(address: number, length: number): Uint8Array | undefined
  write(address: number, bytes: Uint8Array): boolean
}

/** What the items that every guest expects say. */
export interface FwCfgOptions {
  readonly cpus: number
  readonly maxCpus?: number
  /** Bytes of guest memory. */
  readonly ramSize: number
  /** With it there is a DMA interface at port 514H. */
  readonly memory?: FwCfgMemory
}

/** The device: items by key and files by name, which the guest reads through ports or DMA. */
export interface FwCfg extends Device {
  /** Puts bytes under a key, replacing what was there. They are read, not copied. */
  setItem(key: number, bytes: Uint8Array): void
  /** Adds a file to the directory, or replaces one, and returns its key. Names have at most 55 ASCII characters. */
  addFile(name: string, bytes: Uint8Array): number
}

const ports = { selector: 0x510, data: 0x511, dmaHigh: 0x514, dmaLow: 0x518 } as const
const dmaControl = { error: 1, read: 2, skip: 4, select: 8, write: 16 } as const
const dmaRequestLength = 16
const chunk = 0x1_0000
const nameLength = 56
const nothing = new Uint8Array(0)

/**
 * QEMU's firmware configuration device. Reading past the end of an item, or one that does not exist, gives zeros;
 * items are read-only. Source: QEMU, docs/specs/fw_cfg.rst.
 */
export function createFwCfg(options: FwCfgOptions): FwCfg {
  return new FirmwareConfiguration(options)
}

class FirmwareConfiguration implements FwCfg {
  readonly name = 'fw-cfg'
  readonly ports: readonly PortRange[]
  readonly #memory: FwCfgMemory | undefined
  readonly #items = new Map<number, Uint8Array>()
  readonly #files = new Map<string, number>()
  #key = 0
  #offset = 0
  #dmaHigh = 0

  constructor({ cpus, maxCpus = cpus, ramSize, memory }: FwCfgOptions) {
    this.#memory = memory
    this.setItem(fwCfgKey.signature, ascii('QEMU'))
    this.setItem(fwCfgKey.id, littleEndian(memory === undefined ? 1 : 3, 4))
    this.setItem(fwCfgKey.ramSize, littleEndian(ramSize, 8))
    this.setItem(fwCfgKey.cpuCount, littleEndian(cpus, 2))
    this.setItem(fwCfgKey.maxCpus, littleEndian(maxCpus, 2))
    this.#writeDirectory()
    this.ports = memory === undefined ? [this.#registers()] : [this.#registers(), this.#dma()]
  }

  reset(): void {
    this.#key = 0
    this.#offset = 0
    this.#dmaHigh = 0
  }

  setItem(key: number, bytes: Uint8Array): void {
    this.#items.set(key, bytes)
  }

  addFile(name: string, bytes: Uint8Array): number {
    if (name.length >= nameLength) throw new RangeError(`fw-cfg: file names have at most ${nameLength - 1} characters`)
    const key = this.#files.get(name) ?? fwCfgKey.firstFile + this.#files.size
    this.#files.set(name, key)
    this.setItem(key, bytes)
    this.#writeDirectory()
    return key
  }

  save(): Saved {
    return { key: this.#key, offset: this.#offset, dmaHigh: this.#dmaHigh }
  }

  restore(saved: Saved): void {
    const { key, offset, dmaHigh } = likeSaved(this.name, { key: 0, offset: 0, dmaHigh: 0 }, saved)
    this.#key = key
    this.#offset = offset
    this.#dmaHigh = dmaHigh
  }

  /** A 16-bit write selects; a read of a byte takes the next one. */
  #registers(): PortRange {
    const write = (port: number, size: number, value: number) => {
      if (port === ports.selector && size === 2) this.#select(value)
    }
    const read = () => this.#next()
    return { first: ports.selector, count: 2, widest: 2, read, write }
  }

  #select(key: number): void {
    this.#key = key & 0xbfff
    this.#offset = 0
  }

  #next(): number {
    const byte = this.#items.get(this.#key)?.[this.#offset] ?? 0
    this.#offset++
    return byte
  }

  #writeDirectory(): void {
    const names = Array.from(this.#files.keys()).sort()
    const bytes = new Uint8Array(4 + names.length * (8 + nameLength))
    const view = new DataView(bytes.buffer)
    view.setUint32(0, names.length)
    for (const [index, name] of names.entries()) {
      const at = 4 + index * (8 + nameLength)
      const key = this.#files.get(name) ?? 0
      view.setUint32(at, this.#items.get(key)?.length ?? 0)
      view.setUint16(at + 4, key)
      bytes.set(ascii(name), at + 8)
    }
    this.setItem(fwCfgKey.fileDirectory, bytes)
  }

  /** The address of a request is written big endian, its high half first; writing the low half starts it. */
  #dma(): PortRange {
    const read = (port: number, size: number) => {
      const signature = ascii('QEMU CFG')
      let value = 0
      for (let index = size - 1; index >= 0; index--)
        value = (value << 8) | (signature[port - ports.dmaHigh + index] ?? 0)
      return value >>> 0
    }
    const write = (port: number, size: number, value: number) => {
      if (size !== 4) return
      if (port === ports.dmaHigh) this.#dmaHigh = swapped(value)
      if (port !== ports.dmaLow) return
      this.#request(this.#dmaHigh * 2 ** 32 + swapped(value))
      this.#dmaHigh = 0
    }
    return { first: ports.dmaHigh, count: 8, read, write }
  }

  #request(address: number): void {
    const bytes = this.#memory?.read(address, dmaRequestLength)
    if (bytes === undefined) return
    const view = new DataView(bytes.buffer, bytes.byteOffset, dmaRequestLength)
    const control = view.getUint32(0)
    const length = view.getUint32(4)
    const target = view.getUint32(8) * 2 ** 32 + view.getUint32(12)
    if ((control & dmaControl.select) !== 0) this.#select(control >>> 16)
    const answer = new Uint8Array(4)
    answer[3] = this.#transfer(control, target, length) ? 0 : dmaControl.error
    this.#memory?.write(address, answer)
  }

  #transfer(control: number, target: number, length: number): boolean {
    if ((control & dmaControl.read) !== 0) return this.#copy(target, length)
    if ((control & dmaControl.write) !== 0) return false
    if ((control & dmaControl.skip) !== 0) this.#offset += length
    return true
  }

  #copy(target: number, length: number): boolean {
    const item = this.#items.get(this.#key) ?? nothing
    for (let done = 0; done < length; done += chunk) {
      const piece = new Uint8Array(Math.min(chunk, length - done))
      piece.set(item.subarray(this.#offset, this.#offset + piece.length))
      if (this.#memory?.write(target + done, piece) !== true) return false
      this.#offset += piece.length
    }
    return true
  }
}

function littleEndian(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => Math.floor(value / 2 ** (8 * index)) & 0xff)
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function swapped(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}
