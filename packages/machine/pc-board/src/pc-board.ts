import {
  type Clock,
  type Device,
  type IoBus,
  likeSaved,
  type MmioBus,
  type Nanoseconds,
  type Saved,
  type Timer,
} from '@vmm/device'
import type { FwCfg } from '@vmm/fw-cfg'
import { createIoApic, type IoApic } from '@vmm/io-apic'
import { ApicBus, type ApicSignal, LocalApic, type TimeStampCounter } from '@vmm/local-apic'
import type { PciBus } from '@vmm/pci'
import { createPic, type Pic } from '@vmm/pic'
import { createPit, type Pit } from '@vmm/pit'
import type { Rtc } from '@vmm/rtc'
import type { Serial } from '@vmm/serial'
import type { MachineEvent } from './machine-event.ts'
import type { NumericErrors } from './numeric-errors.ts'
import { createPcDevices, type PcDevices, type PcDevicesOptions } from './pc-devices.ts'
import type { Power } from './power.ts'

type Size = 1 | 2 | 4

/** What a board is made with. */
export interface PcBoardOptions extends Omit<PcDevicesOptions, 'lines' | 'isHeard'> {
  /** How many processors; their APIC IDs are 0, 1, … and 0 is the bootstrap processor. */
  readonly cpus: number
  readonly clock: Clock
  /** The time stamp counter of a processor. */
  readonly tsc: (cpu: number) => TimeStampCounter
  /** NMI, SMI, INIT and startup IPIs for a processor. */
  readonly onSignal: (cpu: number, signal: ApicSignal) => void
  /** Something may have become pending for a processor, which should look again if it is halted. */
  readonly onInterrupt?: (cpu: number) => void
  readonly physicalAddressBits?: number
  readonly x2apic?: boolean
  readonly tscDeadline?: boolean
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
const savedVersion = 2

class Board implements PcBoard {
  readonly apicBus = new ApicBus()
  readonly apics: readonly LocalApic[]
  readonly ioApic: IoApic
  readonly pic: Pic
  readonly pit: Pit
  readonly #rest: PcDevices
  /** Interrupt controllers and the timer. */
  readonly #devices: readonly Device[]
  readonly #timers: readonly Timer[]

  constructor(options: PcBoardOptions) {
    const { clock } = options
    this.ioApic = createIoApic({ send: this.apicBus.send })
    this.pic = createPic({ intr: (level) => this.#drivePicOutput(level) })
    this.apicBus.attachListener(this.ioApic)
    this.apics = Array.from({ length: options.cpus }, (_, cpu) => this.#createApic(options, cpu))
    this.#rest = createPcDevices({
      ...options,
      lines: { setLine: (line, level) => this.#setLine(line, level) },
      isHeard: (line) => !this.pic.masks(line) || !this.ioApic.masks(line),
      onEvent: (event) => this.#tell(event, options.onEvent),
    })
    this.pit = createPit({ clock, irq0: this.#rest.line(0) })
    this.#devices = [this.pit, this.pic, this.ioApic, ...this.apics]
    this.#timers = this.#devices.flatMap(({ timer }) => (timer === undefined ? [] : [timer]))
    for (const device of this.#devices) {
      for (const range of device.ports ?? []) this.ports.attach(range)
      for (const region of device.memory ?? []) this.mmio.attach(region)
    }
    this.#leaveAsFirmware()
  }

  get ports(): IoBus {
    return this.#rest.ports
  }

  get mmio(): MmioBus {
    return this.#rest.mmio
  }

  get rtc(): Rtc {
    return this.#rest.rtc
  }

  get serialPorts(): readonly Serial[] {
    return this.#rest.serialPorts
  }

  get fwCfg(): FwCfg {
    return this.#rest.fwCfg
  }

  get pci(): PciBus {
    return this.#rest.pci
  }

  get power(): Power {
    return this.#rest.power
  }

  get numericErrors(): NumericErrors {
    return this.#rest.numericErrors
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
    let next = this.#rest.nextDeadline()
    for (const timer of this.#running()) {
      const deadline = timer.deadline()
      if (deadline < next) next = deadline
    }
    return next
  }

  runTimers(now: Nanoseconds): void {
    for (const timer of this.#running()) if (timer.deadline() <= now) timer.fire(now)
    this.#rest.runTimers(now)
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
    this.#rest.wake()
  }

  reset(): void {
    this.#rest.reset()
    this.#resetControllers()
  }

  save(): Saved {
    const controllers = this.#devices.map((device) => ({ name: device.name, state: device.save() }))
    return { version: savedVersion, devices: this.#rest.save(), controllers, bus: this.apicBus.save() }
  }

  restore(saved: Saved): void {
    const example = this.save() as {
      version: number
      devices: Saved
      controllers: { name: string; state: Saved }[]
      bus: Saved
    }
    const { version, devices, controllers, bus } = likeSaved('pc-board', example, saved)
    if (version !== savedVersion)
      throw new RangeError(`pc-board: saved by version ${version}, and this is ${savedVersion}`)
    this.#rest.restore(devices)
    this.apicBus.restore(bus)
    for (const [index, device] of this.#devices.entries()) device.restore(controllers[index]?.state ?? null)
  }

  /** What had no power in S3 begins anew. */
  #tell(event: MachineEvent, onEvent: PcBoardOptions['onEvent']): void {
    if (event.kind === 'wake') this.#resetControllers()
    onEvent(event)
  }

  #resetControllers(): void {
    this.apicBus.reset()
    for (const device of this.#devices) device.reset()
    this.#leaveAsFirmware()
  }

  #running(): readonly Timer[] {
    return this.power.sleeping ? [] : this.#timers
  }

  /** Lines 0 to 15 go to the PIC, and all to the I/O APIC, where line 0 is pin 2 as the MADT says. */
  #setLine(line: number, level: boolean): void {
    if (line < 16) this.pic.setLine(line, level)
    this.ioApic.setLine(line === 0 ? 2 : line, level)
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
}
