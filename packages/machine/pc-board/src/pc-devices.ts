import {
  type Clock,
  type Device,
  type InterruptLine,
  IoBus,
  likeSaved,
  MmioBus,
  type Nanoseconds,
  type Saved,
  type Timer,
} from '@vmm/device'
import { createFwCfg, type FwCfg, type FwCfgMemory } from '@vmm/fw-cfg'
import { createPciBus, hostBridge, type PciBus } from '@vmm/pci'
import { createRtc, type Rtc } from '@vmm/rtc'
import { comPorts, createSerial, type Serial } from '@vmm/serial'
import { pciInterruptLine } from './acpi/dsdt.ts'
import { KeyboardController } from './keyboard-controller.ts'
import { LineRouter, type LineTarget, lineCount } from './line-router.ts'
import type { MachineEvent } from './machine-event.ts'
import { firmwareMemory } from './memory-map.ts'
import { NumericErrors } from './numeric-errors.ts'
import { createPciTestDevice } from './pci-test-device.ts'
import { Power } from './power.ts'
import { ResetPorts } from './reset-ports.ts'
import { TestDevice } from './test-device.ts'

/** The host's end of a serial port. */
export interface SerialEnd {
  readonly onTransmit: (byte: number) => void
  readonly onRoom?: () => void
}

/** What a PC's devices are made with. */
export interface PcDevicesOptions {
  readonly clock: Clock
  /** How many processors there are, for what tells the guest about them. */
  readonly cpus: number
  /** Bytes of guest memory, for what tells the guest about it. */
  readonly memorySize: number
  /** The interrupt controllers: lines 0 to 15 are ISA's, 16 to 19 PCI's. */
  readonly lines: LineTarget
  /** Whether some interrupt controller lets a line through. */
  readonly isHeard: (line: number) => boolean
  readonly onEvent: (event: MachineEvent) => void
  /** COM1 to COM4, as many as are given. */
  readonly serialPorts?: readonly SerialEnd[]
  /** Guest memory for devices that reach it by themselves. */
  readonly memory?: FwCfgMemory
  /** Seconds since 1970 UTC at guest time 0. */
  readonly startSeconds?: number
  /** The page that the test device was told to flush. */
  readonly onFlushPage?: (page: number) => void
  readonly onA20?: (passes: boolean) => void
  /** IGNNE# is asserted: the processor that told of an x87 error goes on in spite of it. */
  readonly onIgnoreNumericError?: () => void
  /** QEMU's pci-testdev at 00:02.0, which some of kvm-unit-tests use. */
  readonly pciTestDevice?: 'present' | 'absent'
}

/**
 * A PC's devices on their buses, but for interrupt controllers and the interval timer, which KVM has in the kernel.
 * Nothing here runs by itself: whoever runs processors stops at `nextDeadline` and calls `runTimers`.
 */
export interface PcDevices {
  readonly ports: IoBus
  readonly mmio: MmioBus
  readonly rtc: Rtc
  readonly serialPorts: readonly Serial[]
  readonly fwCfg: FwCfg
  readonly pci: PciBus
  readonly power: Power
  readonly numericErrors: NumericErrors
  /** A new source on an interrupt line, beside the devices'. */
  line(number: number): InterruptLine
  /** When some device next needs the processors to stop; `Infinity` when none does. */
  nextDeadline(): Nanoseconds
  /** Fires every timer whose deadline has come. */
  runTimers(now: Nanoseconds): void
  /** Ends S3 as a power button would. */
  wake(): void
  /** Every device to its power-on state; what the battery keeps, stays. */
  reset(): void
  save(): Saved
  /** @throws {RangeError} naming the device whose state is not its own. */
  restore(saved: Saved): void
}

/** Builds them; everything is in its power-on state. */
export function createPcDevices(options: PcDevicesOptions): PcDevices {
  return new Devices(options)
}

/** Of what `save` gives; another one cannot be taken back. */
const savedVersion = 1

type SavedDevice = { name: string; state: Saved }

class Devices implements PcDevices {
  readonly ports = new IoBus()
  readonly mmio = new MmioBus()
  readonly rtc: Rtc
  readonly serialPorts: readonly Serial[]
  readonly fwCfg: FwCfg
  readonly pci: PciBus
  readonly power: Power
  readonly numericErrors: NumericErrors
  readonly #router: LineRouter
  readonly #devices: readonly Device[]
  readonly #timers: readonly Timer[]

  constructor(options: PcDevicesOptions) {
    const { clock, isHeard } = options
    this.#router = new LineRouter(options.lines)
    const onEvent = (event: MachineEvent) => this.#powerEvent(event, options.onEvent)
    this.power = new Power({ clock, sci: this.line(9), onEvent })
    this.numericErrors = new NumericErrors({
      irq13: this.line(13),
      isHeard: () => isHeard(13),
      onIgnore: () => options.onIgnoreNumericError?.(),
    })
    this.rtc = this.#createRtc(options)
    this.serialPorts = this.#createSerialPorts(options)
    const { cpus, memorySize, memory } = options
    this.fwCfg = createFwCfg({ cpus, ramSize: memorySize, ...(memory === undefined ? {} : { memory }) })
    this.pci = this.#createPci()
    const legacy = this.#createLegacy(options)
    this.#devices = [this.rtc, this.power, this.numericErrors, ...this.serialPorts, this.fwCfg, this.pci, ...legacy]
    this.#timers = this.#devices.flatMap(({ timer }) => (timer === undefined ? [] : [timer]))
    for (const device of this.#devices) {
      for (const range of device.ports ?? []) this.ports.attach(range)
      for (const region of device.memory ?? []) this.mmio.attach(region)
    }
    this.pci.plug(0, 0, hostBridge())
    if (options.pciTestDevice === 'present') this.pci.plug(2, 0, createPciTestDevice())
  }

  line(number: number): InterruptLine {
    return this.#router.source(number)
  }

  nextDeadline(): Nanoseconds {
    let next = Number.POSITIVE_INFINITY
    for (const timer of this.#running()) {
      const deadline = timer.deadline()
      if (deadline < next) next = deadline
    }
    return next
  }

  runTimers(now: Nanoseconds): void {
    for (const timer of this.#running()) if (timer.deadline() <= now) timer.fire(now)
  }

  wake(): void {
    this.power.wake()
  }

  reset(): void {
    this.#resetBut([])
  }

  save(): Saved {
    const devices = this.#devices.map((device) => ({ name: device.name, state: device.save() }))
    return { version: savedVersion, devices, lines: this.#router.save() }
  }

  restore(saved: Saved): void {
    const example = this.save() as { version: number; devices: SavedDevice[]; lines: Saved }
    const { version, devices, lines } = likeSaved('pc-devices', example, saved)
    if (version !== savedVersion)
      throw new RangeError(`pc-devices: saved by version ${version}, and this is ${savedVersion}`)
    this.#router.restore(lines)
    for (const [index, device] of this.#devices.entries()) device.restore(devices[index]?.state ?? null)
  }

  #resetBut(kept: readonly Device[]): void {
    for (const device of this.#devices) if (!kept.includes(device)) device.reset()
  }

  /** In S3 only the clock and what can wake the machine have power: whoever wakes finds the rest as firmware leaves it. */
  #powerEvent(event: MachineEvent, tell: PcDevicesOptions['onEvent']): void {
    if (event.kind === 'wake') this.#resetBut([this.rtc, this.power])
    tell(event)
  }

  #running(): readonly Timer[] {
    return this.power.sleeping ? [this.rtc.timer, this.power.timer] : this.#timers
  }

  #createRtc({ clock, startSeconds, memorySize, cpus }: PcDevicesOptions): Rtc {
    const line = this.line(8)
    const irq8 = (level: boolean) => {
      line(level)
      this.power.clockInterrupt(level)
    }
    const memory = firmwareMemory(memorySize, cpus)
    return createRtc({ clock, irq8, memory, ...(startSeconds === undefined ? {} : { startSeconds }) })
  }

  #createSerialPorts({ clock, serialPorts = [] }: PcDevicesOptions): Serial[] {
    return serialPorts.slice(0, comPorts.length).map((end, index) => {
      const { base, irq } = comPorts[index] ?? comPorts[0]
      return createSerial({ name: `COM${index + 1}`, base, clock, irq: this.line(irq), ...end })
    })
  }

  #createPci(): PciBus {
    return createPciBus({
      spaces: {
        attachPorts: (range) => this.ports.attach(range),
        detachPorts: (range) => this.ports.detach(range),
        attachMemory: (region) => this.mmio.attach(region),
        detachMemory: (region) => this.mmio.detach(region),
      },
      interruptLine: (slot, pin) => this.line(pciInterruptLine(slot, pin - 1)),
    })
  }

  #createLegacy({ onEvent, onA20, onFlushPage }: PcDevicesOptions): Device[] {
    const line = (number: number) => this.line(number)
    const resetPorts = new ResetPorts({ onEvent, onA20: (passes) => onA20?.(passes) })
    const setA20 = (passes: boolean) => resetPorts.setA20(passes)
    const keyboard = new KeyboardController({ irq1: line(1), irq12: line(12), onEvent, onA20: setA20 })
    const lines = Array.from({ length: lineCount }, (_, number) => line(number))
    const test = new TestDevice({ onEvent, lines, onFlushPage: (page) => onFlushPage?.(page) })
    // The keyboard controller comes first: resetting it must not close the A20 gate that the other opens.
    return [keyboard, resetPorts, test]
  }
}
