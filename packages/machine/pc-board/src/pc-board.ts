import {
  type Clock,
  type Device,
  IoBus,
  likeSaved,
  MmioBus,
  type Nanoseconds,
  type Saved,
  type Timer,
} from '@vmm/device'
import { createFwCfg, type FwCfg, type FwCfgMemory } from '@vmm/fw-cfg'
import { createIoApic, type IoApic } from '@vmm/io-apic'
import { ApicBus, type ApicSignal, LocalApic, type TimeStampCounter } from '@vmm/local-apic'
import { createPciBus, hostBridge, type PciBus } from '@vmm/pci'
import { createPic, type Pic } from '@vmm/pic'
import { createPit, type Pit } from '@vmm/pit'
import { createRtc, type Rtc } from '@vmm/rtc'
import { comPorts, createSerial, type Serial } from '@vmm/serial'
import { pciInterruptLine } from './acpi/dsdt.ts'
import { KeyboardController } from './keyboard-controller.ts'
import { LineRouter, lineCount } from './line-router.ts'
import type { MachineEvent } from './machine-event.ts'
import { firmwareMemory } from './memory-map.ts'
import { NumericErrors } from './numeric-errors.ts'
import { createPciTestDevice } from './pci-test-device.ts'
import { Power } from './power.ts'
import { ResetPorts } from './reset-ports.ts'
import { TestDevice } from './test-device.ts'

type Size = 1 | 2 | 4

/** The host's end of a serial port. */
export interface SerialEnd {
  readonly onTransmit: (byte: number) => void
  readonly onRoom?: () => void
}

/** What a board is made with. */
export interface PcBoardOptions {
  readonly clock: Clock
  /** How many processors; their APIC IDs are 0, 1, … and 0 is the bootstrap processor. */
  readonly cpus: number
  /** Bytes of guest memory, for what tells the guest about it. */
  readonly memorySize: number
  /** The time stamp counter of a processor. */
  readonly tsc: (cpu: number) => TimeStampCounter
  /** NMI, SMI, INIT and startup IPIs for a processor. */
  readonly onSignal: (cpu: number, signal: ApicSignal) => void
  readonly onEvent: (event: MachineEvent) => void
  /** Something may have become pending for a processor, which should look again if it is halted. */
  readonly onInterrupt?: (cpu: number) => void
  /** COM1 to COM4, as many as are given. */
  readonly serialPorts?: readonly SerialEnd[]
  /** Guest memory for devices that reach it by themselves. */
  readonly memory?: FwCfgMemory
  /** Seconds since 1970 UTC at guest time 0. */
  readonly startSeconds?: number
  readonly physicalAddressBits?: number
  readonly x2apic?: boolean
  readonly tscDeadline?: boolean
  /** The page that the test device was told to flush. */
  readonly onFlushPage?: (page: number) => void
  readonly onA20?: (passes: boolean) => void
  /** IGNNE# is asserted: the processor that told of an x87 error goes on in spite of it. */
  readonly onIgnoreNumericError?: () => void
  /** QEMU's pci-testdev at 00:02.0, which some of kvm-unit-tests use. */
  readonly pciTestDevice?: 'present' | 'absent'
}

/**
 * A PC: every device of this repository on its buses, wired as the ACPI tables of this package say.
 * Nothing here runs by itself. Whoever runs the processors sends their port and memory accesses here, stops at `nextDeadline`,
 * calls `runTimers`, and asks for interrupts between instructions.
 */
export interface PcBoard {
  readonly ports: IoBus
  readonly mmio: MmioBus
  readonly apics: readonly LocalApic[]
  readonly apicBus: ApicBus
  readonly ioApic: IoApic
  readonly pic: Pic
  readonly pit: Pit
  readonly rtc: Rtc
  readonly serialPorts: readonly Serial[]
  readonly fwCfg: FwCfg
  readonly pci: PciBus
  readonly power: Power
  readonly numericErrors: NumericErrors
  readPort(port: number, size: Size): number
  writePort(port: number, size: Size, value: number): void
  /** Whether a device answers a processor's access to the byte at a guest-physical address. */
  claimsMemory(cpu: number, address: number): boolean
  /** A processor's access to what is not guest memory. 8 bytes are two accesses of 4, the lower first. */
  readMemory(cpu: number, address: number, size: Size): number
  writeMemory(cpu: number, address: number, size: Size, value: number): void
  /** IA32_APIC_BASE, IA32_TSC_DEADLINE and the x2APIC registers; `undefined` is #GP(0). */
  readMsr(cpu: number, index: number): bigint | undefined
  /** `false` is #GP(0). */
  writeMsr(cpu: number, index: number, value: bigint, initiator?: 'guest' | 'host'): boolean
  /** When some device next needs the processors to stop; `Infinity` when none does. */
  nextDeadline(): Nanoseconds
  /** Fires every timer whose deadline has come. */
  runTimers(now: Nanoseconds): void
  /** Whether a processor that takes interrupts has one to take. */
  interruptPending(cpu: number): boolean
  /** Takes it: the local APIC's vector, else the PIC's. */
  acknowledgeInterrupt(cpu: number): number
  /** Ends S3 as a power button would. */
  wake(): void
  /** Every device to its power-on state; what the battery keeps, stays. */
  reset(): void
  save(): Saved
  /** @throws {RangeError} naming the device whose state is not its own. */
  restore(saved: Saved): void
}

/** Builds a board; everything is in its power-on state. */
export function createPcBoard(options: PcBoardOptions): PcBoard {
  return new Board(options)
}

/** Of what `save` gives; another one cannot be taken back. */
const savedVersion = 1

type SavedDevice = { name: string; state: Saved }

class Board implements PcBoard {
  readonly ports = new IoBus()
  readonly mmio = new MmioBus()
  readonly apicBus = new ApicBus()
  readonly apics: readonly LocalApic[]
  readonly ioApic: IoApic
  readonly pic: Pic
  readonly pit: Pit
  readonly rtc: Rtc
  readonly serialPorts: readonly Serial[]
  readonly fwCfg: FwCfg
  readonly pci: PciBus
  readonly power: Power
  readonly numericErrors: NumericErrors
  readonly #router: LineRouter
  readonly #devices: readonly Device[]
  readonly #timers: readonly Timer[]

  constructor(options: PcBoardOptions) {
    const { clock } = options
    this.ioApic = createIoApic({ send: this.apicBus.send })
    this.pic = createPic({ intr: (level) => this.#drivePicOutput(level) })
    this.apicBus.attachListener(this.ioApic)
    this.apics = Array.from({ length: options.cpus }, (_, cpu) => this.#createApic(options, cpu))
    this.#router = new LineRouter(this.pic, this.ioApic)
    const line = (number: number) => this.#router.source(number)
    const onEvent = (event: MachineEvent) => this.#powerEvent(event, options.onEvent)
    this.power = new Power({ clock, sci: line(9), onEvent })
    this.numericErrors = new NumericErrors({
      irq13: line(13),
      isHeard: () => !this.pic.masks(13) || !this.ioApic.masks(13),
      onIgnore: () => options.onIgnoreNumericError?.(),
    })
    this.pit = createPit({ clock, irq0: line(0) })
    this.rtc = this.#createRtc(options)
    this.serialPorts = this.#createSerialPorts(options)
    const { cpus, memorySize, memory } = options
    this.fwCfg = createFwCfg({ cpus, ramSize: memorySize, ...(memory === undefined ? {} : { memory }) })
    this.pci = this.#createPci()
    const legacy = this.#createLegacy(options)
    const controllers = [this.pic, this.ioApic, ...this.apics]
    this.#devices = [
      this.pit,
      this.rtc,
      this.power,
      this.numericErrors,
      ...this.serialPorts,
      this.fwCfg,
      this.pci,
      ...legacy,
      ...controllers,
    ]
    this.#timers = this.#devices.flatMap(({ timer }) => (timer === undefined ? [] : [timer]))
    for (const device of this.#devices) {
      for (const range of device.ports ?? []) this.ports.attach(range)
      for (const region of device.memory ?? []) this.mmio.attach(region)
    }
    this.pci.plug(0, 0, hostBridge())
    if (options.pciTestDevice === 'present') this.pci.plug(2, 0, createPciTestDevice())
    this.#leaveAsFirmware()
  }

  readPort(port: number, size: Size): number {
    return this.ports.read(port, size)
  }

  writePort(port: number, size: Size, value: number): void {
    this.ports.write(port, size, value)
  }

  claimsMemory(cpu: number, address: number): boolean {
    return this.apics[cpu]?.claims(address) === true || this.mmio.claims(address)
  }

  readMemory(cpu: number, address: number, size: Size): number {
    const apic = this.apics[cpu]
    if (apic?.claims(address) !== true) return this.mmio.read(address, size)
    const offset = address - apic.page.base
    if (offset + size <= apic.page.length) return apic.page.read(offset, size)
    let value = 0
    for (let at = size - 1; at >= 0; at--) value = (value << 8) | this.readMemory(cpu, address + at, 1)
    return value >>> 0
  }

  writeMemory(cpu: number, address: number, size: Size, value: number): void {
    const apic = this.apics[cpu]
    if (apic?.claims(address) !== true) this.mmio.write(address, size, value)
    else if (address - apic.page.base + size <= apic.page.length) apic.page.write(address - apic.page.base, size, value)
  }

  readMsr(cpu: number, index: number): bigint | undefined {
    return this.apics[cpu]?.readMsr(index)
  }

  writeMsr(cpu: number, index: number, value: bigint, initiator: 'guest' | 'host' = 'guest'): boolean {
    return this.apics[cpu]?.writeMsr(index, value, initiator) === true
  }

  nextDeadline(): Nanoseconds {
    let next = Number.POSITIVE_INFINITY
    for (const timer of this.#running) {
      const deadline = timer.deadline()
      if (deadline < next) next = deadline
    }
    return next
  }

  runTimers(now: Nanoseconds): void {
    for (const timer of this.#running) if (timer.deadline() <= now) timer.fire(now)
  }

  interruptPending(cpu: number): boolean {
    const apic = this.apics[cpu]
    return apic !== undefined && (apic.pending() >= 0 || apic.externalPending())
  }

  acknowledgeInterrupt(cpu: number): number {
    const apic = this.apics[cpu]
    if (apic === undefined || (apic.pending() < 0 && apic.externalPending())) {
      apic?.acknowledgeExternal()
      return this.pic.acknowledge()
    }
    return apic.acknowledge()
  }

  wake(): void {
    this.power.wake()
  }

  reset(): void {
    this.#resetBut([])
  }

  #resetBut(kept: readonly Device[]): void {
    this.apicBus.reset()
    for (const device of this.#devices) if (!kept.includes(device)) device.reset()
    this.#leaveAsFirmware()
  }

  /** In S3 only the clock and what can wake the machine have power: whoever wakes finds the rest as firmware leaves it. */
  #powerEvent(event: MachineEvent, tell: PcBoardOptions['onEvent']): void {
    if (event.kind === 'wake') this.#resetBut([this.rtc, this.power])
    tell(event)
  }

  get #running(): readonly Timer[] {
    return this.power.sleeping ? [this.rtc.timer, this.power.timer] : this.#timers
  }

  save(): Saved {
    const devices = this.#devices.map((device) => ({ name: device.name, state: device.save() }))
    return { version: savedVersion, devices, lines: this.#router.save(), bus: this.apicBus.save() }
  }

  restore(saved: Saved): void {
    const example = this.save() as { version: number; devices: SavedDevice[]; lines: Saved; bus: Saved }
    const { version, devices, lines, bus } = likeSaved('pc-board', example, saved)
    if (version !== savedVersion)
      throw new RangeError(`pc-board: saved by version ${version}, and this is ${savedVersion}`)
    this.#router.restore(lines)
    this.apicBus.restore(bus)
    for (const [index, device] of this.#devices.entries()) device.restore(devices[index]?.state ?? null)
  }

  /**
   * What firmware has done before it starts a kernel: interrupt 8 and 70H on for the PICs, everything masked but the
   * cascade and line 11, where PCI interrupts are. Source: SeaBIOS, src/hw/pic.c.
   */
  #leaveAsFirmware(): void {
    const words = [
      [0x20, 0x11, 0x08, 0x04, 0x01, 0xfb],
      [0xa0, 0x11, 0x70, 0x02, 0x01, 0xf7],
    ]
    for (const [port = 0, first = 0, ...rest] of words) {
      this.writePort(port, 1, first)
      for (const word of rest) this.writePort(port + 1, 1, word)
    }
  }

  #drivePicOutput(level: boolean): void {
    for (const apic of this.apics) apic.setLint(0, level)
  }

  #createApic(options: PcBoardOptions, cpu: number): LocalApic {
    const { clock, tsc, onSignal, onInterrupt, physicalAddressBits = 46, x2apic = true, tscDeadline = true } = options
    return new LocalApic({
      id: cpu,
      clock,
      bus: this.apicBus,
      tsc: tsc(cpu),
      bootstrap: cpu === 0,
      physicalAddressBits,
      x2apic,
      tscDeadline,
      // Firmware has connected the PIC to the bootstrap processor ("virtual wire mode") and left.
      lint0AtReset: cpu === 0 ? 'external' : 'masked',
      onSignal: (signal) => onSignal(cpu, signal),
      onInterrupt: () => onInterrupt?.(cpu),
    })
  }

  #createRtc({ clock, startSeconds, memorySize, cpus }: PcBoardOptions): Rtc {
    const line = this.#router.source(8)
    const irq8 = (level: boolean) => {
      line(level)
      this.power.clockInterrupt(level)
    }
    const memory = firmwareMemory(memorySize, cpus)
    return createRtc({ clock, irq8, memory, ...(startSeconds === undefined ? {} : { startSeconds }) })
  }

  #createSerialPorts({ clock, serialPorts = [] }: PcBoardOptions): Serial[] {
    return serialPorts.slice(0, comPorts.length).map((end, index) => {
      const { base, irq } = comPorts[index] ?? comPorts[0]
      return createSerial({ name: `COM${index + 1}`, base, clock, irq: this.#router.source(irq), ...end })
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
      interruptLine: (slot, pin) => this.#router.source(pciInterruptLine(slot, pin - 1)),
    })
  }

  #createLegacy({ onEvent, onA20, onFlushPage }: PcBoardOptions): Device[] {
    const line = (number: number) => this.#router.source(number)
    const resetPorts = new ResetPorts({ onEvent, onA20: (passes) => onA20?.(passes) })
    const setA20 = (passes: boolean) => resetPorts.setA20(passes)
    const keyboard = new KeyboardController({ irq1: line(1), irq12: line(12), onEvent, onA20: setA20 })
    const lines = Array.from({ length: lineCount }, (_, number) => line(number))
    const test = new TestDevice({ onEvent, lines, onFlushPage: (page) => onFlushPage?.(page) })
    // The keyboard controller comes first: resetting it must not close the A20 gate that the other opens.
    return [keyboard, resetPorts, test]
  }
}
