import { type Device, type InterruptLine, likeSaved, type MmioRegion, type PortRange, type Saved } from '@vmm/device'
import type { OnMachineEvent } from './machine-event.ts'

const ramLength = 0x1_0000
const shutdownWord = 'Shutdown'

export interface TestDeviceOptions {
  readonly onEvent: OnMachineEvent
  /** Interrupt lines by number; a write to port 2000H + n drives the n-th. */
  readonly lines: readonly InterruptLine[]
  /** The guest-physical page whose translations a VMM may drop; its content stays. */
  readonly onFlushPage: (page: number) => void
}

/**
 * What kvm-unit-tests expects of a machine: a latch at E0H, a page flusher at E4H, a second latch at E8H, interrupt
 * lines at 2000H, 64 KiB of memory behind MMIO at FF000000H, the debug exit at F4H, and the port 8900H that powers off when it is
 * sent the word "Shutdown". Source: kvm-unit-tests, lib/x86/io.c and x86/unittests.cfg; QEMU, hw/misc/pc-testdev.c.
 */
export class TestDevice implements Device {
  readonly name = 'test-device'
  readonly ports: readonly PortRange[]
  readonly memory: readonly [MmioRegion]
  readonly #options: TestDeviceOptions
  #latches: Uint8Array = new Uint8Array(8)
  #ram: Uint8Array = new Uint8Array(ramLength)
  /** How many characters of the shutdown word have come in a row. */
  #spelled = 0

  constructor(options: TestDeviceOptions) {
    this.#options = options
    this.ports = [
      this.#latch(0xe0, 0),
      this.#flusher(),
      this.#latch(0xe8, 4),
      this.#exit(),
      this.#lines(),
      this.#shutdown(),
    ]
    this.memory = [
      {
        base: 0xff00_0000,
        length: ramLength,
        read: (offset, size) => valueIn(this.#ram, offset, size),
        write: (offset, size, value) => putValue(this.#ram, offset, size, value),
      },
    ]
  }

  reset(): void {
    this.#latches.fill(0)
    this.#ram.fill(0)
    this.#spelled = 0
    for (const line of this.#options.lines) line(false)
  }

  save(): Saved {
    return { latches: this.#latches.slice(), ram: this.#ram.slice(), spelled: this.#spelled }
  }

  restore(saved: Saved): void {
    const example = { latches: this.#latches, ram: this.#ram, spelled: 0 }
    const { latches, ram, spelled } = likeSaved(this.name, example, saved)
    this.#latches = latches
    this.#ram = ram
    this.#spelled = spelled
  }

  #latch(first: number, at: number): PortRange {
    return {
      first,
      count: 4,
      read: (port, size) => valueIn(this.#latches, at + (port & 3), size),
      write: (port, size, value) => putValue(this.#latches, at + (port & 3), size, value),
    }
  }

  #flusher(): PortRange {
    const write = (_: number, size: number, value: number) => {
      if (size === 4) this.#options.onFlushPage((value & ~0xfff) >>> 0)
    }
    return { first: 0xe4, count: 4, read: () => 0, write }
  }

  #exit(): PortRange {
    const write = (_: number, __: number, value: number) => this.#options.onEvent({ kind: 'debug-exit', value })
    return { first: 0xf4, count: 4, read: () => 0, write }
  }

  #lines(): PortRange {
    const { lines } = this.#options
    const write = (port: number, _: number, value: number) => lines[port - 0x2000]?.(value !== 0)
    return { first: 0x2000, count: lines.length, widest: 1, read: () => 0xff, write }
  }

  #shutdown(): PortRange {
    const write = (_: number, __: number, value: number) => {
      const matches = shutdownWord.charCodeAt(this.#spelled) === value
      this.#spelled = matches ? this.#spelled + 1 : Number(shutdownWord.charCodeAt(0) === value)
      if (this.#spelled < shutdownWord.length) return
      this.#spelled = 0
      this.#options.onEvent({ kind: 'power-off', by: 'shutdown-port' })
    }
    return { first: 0x8900, count: 1, widest: 1, read: () => 0xff, write }
  }
}

function valueIn(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let index = size - 1; index >= 0; index--) value = (value << 8) | (bytes[at + index] ?? 0xff)
  return value >>> 0
}

function putValue(bytes: Uint8Array, at: number, size: number, value: number): void {
  for (let index = 0; index < size; index++) bytes[at + index] = value >>> (8 * index)
}
