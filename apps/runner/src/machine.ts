import { type LoadedImage, ramSlots, type StartSegment } from '@vmm/boot'
import type { BuiltTable, Feature } from '@vmm/cpuid'
import { pvclockTimeInfo, pvclockWallClock, timeScale, wallClockAt } from '@vmm/kvmclock'
import { createMsrFile, firmwareValues } from '@vmm/msr'
import { type AcpiTables, acpiTables, createPcBoard, type MachineEvent, type PcBoard } from '@vmm/pc-board'
import { comPorts } from '@vmm/serial'
import { type ExitReason, type Trace, Vcpu, type VcpuMachine } from '@vmm/vcpu'
import { Engine, type GuestMachineOptions, type HandlerRuns } from '@vmm/wasm-engine'
import { type GprName, gprIndex, gprNames, segmentNames } from '@vmm/x86-registers'
import type { End, RunningMachine, SerialLine, SliceResult } from './machine-port.ts'
import { nanosecondsPerInstruction, physicalAddressWidth, tscHz } from './processor.ts'
import { hashOf, type SavedMachine, savedVersion } from './saved-machine.ts'

/** Where the FACS has the address that the guest wants to wake up at. */
const wakingVectorAt = 12

const xorshiftSeed = 0x9e37_79b9_7f4a_7c15n

export interface MachineOptions {
  readonly memorySize: number
  /** The processor's CPUID table, from `processorNamed`. */
  readonly table: BuiltTable
  /** What COM1 to COM4 send. */
  readonly onTransmit: (port: number, byte: number) => void
  /** COM1 has room for more. */
  readonly onRoom?: () => void
  /** Seconds since 1970 at guest time zero. */
  readonly startSeconds?: number
  readonly trace?: Trace
  /** What the engine counts beside instructions. */
  readonly counts?: GuestMachineOptions['counts']
  /** Told of every exit; of those for one reason, of several at once. */
  readonly onExit?: (reason: ExitReason, count: number) => void
}

/** The ACPI tables that every machine here has, and where they will be. */
export function firmwareTables(): AcpiTables {
  return acpiTables({ cpus: 1, keyboard: 'absent', serialPorts: comPorts })
}

/** A PC with one processor: the parts are chosen here and nowhere else. */
export class Machine implements RunningMachine {
  readonly board: PcBoard
  readonly vcpu: Vcpu
  readonly features: ReadonlySet<Feature>
  #engine!: Engine
  #warp = 0
  #tscOffset = 0n
  #ended: End | undefined
  readonly #options: MachineOptions
  #random = xorshiftSeed

  constructor(options: MachineOptions) {
    this.#options = options
    const { table } = options
    this.features = table.features
    this.board = createPcBoard({
      clock: { now: () => this.now() },
      cpus: 1,
      memorySize: options.memorySize,
      tsc: () => ({
        at: (now) => this.#tscAt(now),
        when: (tsc) => Number(tsc - this.#tscOffset) * nanosecondsPerInstruction,
      }),
      onSignal: (_cpu, signal) => {
        if (signal.kind === 'nmi') this.vcpu.injectNmi()
        else if (signal.kind === 'init') this.vcpu.injectInit()
        else if (signal.kind === 'startup') this.vcpu.injectStartup(signal.vector)
      },
      onEvent: (event) => this.#onEvent(event),
      onIgnoreNumericError: () => this.#engine.set('IGNNE', 1n),
      onInterrupt: () => this.#engine?.resync(),
      serialPorts: comPorts.map((_, port) => ({
        onTransmit: (byte) => options.onTransmit(port, byte),
        ...(port === 0 && options.onRoom !== undefined ? { onRoom: options.onRoom } : {}),
      })),
      physicalAddressBits: physicalAddressWidth,
      x2apic: table.features.has('X2APIC'),
      tscDeadline: table.features.has('TSC_DEADLINE'),
      startSeconds: options.startSeconds ?? 0,
    })
    this.vcpu = new Vcpu({
      cpuid: table.entries,
      has: (feature) => table.features.has(feature),
      createMsrs: (readElsewhere) =>
        createMsrFile({
          has: (feature) => table.features.has(feature),
          physicalAddressWidth,
          resetValues: firmwareValues,
          readElsewhere,
        }),
      machine: this.#vcpuMachine(),
      physicalAddressWidth,
      createEngine: (ports) => {
        this.#engine = new Engine({
          slots: ramSlots(options.memorySize),
          ports,
          ...(options.counts === undefined ? {} : { counts: options.counts }),
        })
        return this.#engine
      },
      ...(options.trace === undefined ? {} : { trace: options.trace }),
      ...(options.onExit === undefined ? {} : { onExit: options.onExit }),
    })
  }

  /** Guest time in nanoseconds. */
  now(): number {
    return (this.#engine === undefined ? 0 : this.#engine.retired() * nanosecondsPerInstruction) + this.#warp
  }

  /** Instructions retired. */
  get instructions(): number {
    return this.#engine.retired()
  }

  /** The host's end of the first serial line. */
  get console(): SerialLine {
    return this.board.serialPorts[0]!
  }

  /** What the guest ran most, one by one or by twos, if that is counted. */
  handlerRuns(what: 'handlers' | 'pairs' = 'handlers'): readonly HandlerRuns[] {
    return this.#engine.handlerRuns(what)
  }

  /** Whether an interrupt would wake the processor when it is idle. */
  get canWake(): boolean {
    return this.suspended || this.vcpu.wakesOnInterrupt
  }

  /** The guest is in S3. */
  get suspended(): boolean {
    return this.board.power.sleeping
  }

  /** Ends S3, as a power button would. */
  wake(): void {
    this.board.wake()
  }

  #tscAt(now: number): bigint {
    return BigInt(Math.floor(now / nanosecondsPerInstruction)) + this.#tscOffset
  }

  /** Puts an image into memory, with the ACPI tables, and sets the processor up as its protocol says. */
  load(image: LoadedImage): void {
    const acpi = firmwareTables()
    this.#engine.writePhysical(acpi.base, acpi.bytes)
    for (const { address, bytes } of image.writes) {
      if (!this.#engine.writePhysical(address, bytes))
        throw new RangeError(`no memory at 0x${address.toString(16)} for ${bytes.length} bytes`)
    }
    const { start } = image
    const engine = this.#engine
    for (const name of segmentNames) this.#setSegment(name, name === 'CS' ? start.code : start.data)
    engine.set('GDTR.base', BigInt(start.gdt?.base ?? 0))
    engine.set('GDTR.limit', BigInt(start.gdt?.limit ?? 0))
    engine.set('CR0', BigInt(start.cr0))
    engine.set('CR3', BigInt(start.cr3))
    engine.set('CR4', BigInt(start.cr4))
    engine.set('IA32_EFER', BigInt(start.efer))
    engine.set('RIP', BigInt(start.rip))
    for (const index of gprNames.keys()) engine.setGpr(index, 0n)
    for (const [name, value] of Object.entries(start.registers)) engine.setGpr(gprIndex(name as GprName), BigInt(value))
    engine.modeChanged()
  }

  #setSegment(name: (typeof segmentNames)[number], { selector, base, limit, access }: StartSegment): void {
    this.#engine.set(`${name}.selector`, BigInt(selector))
    this.#engine.set(`${name}.base`, BigInt(base))
    this.#engine.set(`${name}.limit`, BigInt(limit))
    this.#engine.set(`${name}.access`, BigInt(access))
  }

  /** Runs up to `instructions`, stopping at device deadlines on the way. */
  slice(instructions: number): SliceResult {
    const end = this.#engine.retired() + instructions
    for (;;) {
      const now = this.now()
      this.board.runTimers(now)
      if (this.#ended !== undefined) return { kind: 'ended', end: this.#ended }
      if (this.suspended) return { kind: 'idle', until: this.board.nextDeadline() }
      const left = end - this.#engine.retired()
      if (left <= 0) return { kind: 'running' }
      const untilTimer = Math.ceil((this.board.nextDeadline() - now) / nanosecondsPerInstruction)
      const exit = this.vcpu.run({ budget: Math.max(1, Math.min(left, untilTimer)) })
      if (this.#ended !== undefined) return { kind: 'ended', end: this.#ended }
      switch (exit.kind) {
        case 'intr':
          break
        case 'hlt':
          return { kind: 'idle', until: this.board.nextDeadline() }
        case 'shutdown':
          return { kind: 'ended', end: { kind: 'shutdown', because: exit.because, state: this.describe() } }
        case 'internal-error':
          return { kind: 'ended', end: { kind: 'internal-error', says: exit.says } }
        default:
          return { kind: 'ended', end: { kind: 'internal-error', says: `the board left a ${exit.kind} exit open` } }
      }
    }
  }

  /** Everything, as plain data: memory, the processor, the board and the clock. */
  save(): SavedMachine {
    return { version: savedVersion, engine: this.#engine.save(), ...this.#saveSmall() }
  }

  /**
   * Takes back what a machine with the same options saved: from here on it does what that one does.
   * @throws {RangeError} if another version, or a machine of another make, has saved it; this one is then good for nothing.
   */
  restore(saved: SavedMachine): void {
    if (saved.version !== savedVersion) throw new RangeError(`a machine saved by version ${saved.version}`)
    this.vcpu.restore(saved.vcpu)
    this.#engine.restore(saved.engine)
    this.#warp = saved.warp
    this.#tscOffset = saved.tscOffset
    this.#random = saved.random
    this.#ended = undefined
    this.board.restore(saved.board)
  }

  /** A hash of everything that a guest could see: SHA-256, in hexadecimal digits. */
  stateHash(): string {
    return hashOf(this.#saveSmall(), this.#engine.retired(), this.#engine.usedMemory())
  }

  /** Power-on state, as the reset button gives it: memory, the clock and what the battery keeps stay. */
  reset(): void {
    this.#ended = undefined
    this.board.reset()
    this.vcpu.reset()
  }

  /** A reset with nothing left in memory, and an image in it; the clock and the count of instructions go on. */
  restart(image: LoadedImage): void {
    for (const { address, bytes } of this.#engine.usedMemory())
      this.#engine.writePhysical(address, new Uint8Array(bytes.length))
    this.reset()
    this.load(image)
  }

  #saveSmall(): Omit<SavedMachine, 'version' | 'engine'> {
    const [warp, tscOffset, random] = [this.#warp, this.#tscOffset, this.#random]
    return { vcpu: this.vcpu.save(), board: this.board.save(), warp, tscOffset, random }
  }

  /** Moves the clock while nothing runs, in whole nanoseconds. */
  warpTo(time: number): void {
    this.#warp += Math.max(0, Math.ceil(time - this.now()))
  }

  /** The registers that matter in a post-mortem, one line. */
  describe(): string {
    const hex = (value: bigint) => value.toString(16)
    const { engine } = this.vcpu
    return `RIP=${hex(engine.get('RIP'))} CR0=${hex(engine.get('CR0'))} CR3=${hex(engine.get('CR3'))} CR4=${hex(engine.get('CR4'))} EFER=${hex(engine.get('IA32_EFER'))}`
  }

  #onEvent(event: MachineEvent): void {
    this.#engine.resync()
    switch (event.kind) {
      case 'power-off':
      case 'reset':
        this.#ended = { kind: event.kind }
        break
      case 'debug-exit':
        this.#ended = { kind: 'debug-exit', value: event.value }
        break
      case 'wake':
        this.#resume()
        break
      default:
    }
  }

  /**
   * What firmware does after S3: the processor goes on in real mode where the guest has said. Who has said nothing is started
   * again. Source: ACPI 6.5 §5.2.10.
   */
  #resume(): void {
    const vector = this.#wakingVector()
    if (vector === 0) this.#ended = { kind: 'reset' }
    this.vcpu.reset()
    const engine = this.#engine
    const selector = (vector >>> 4) & 0xffff
    engine.set('CS.selector', BigInt(selector))
    engine.set('CS.base', BigInt(selector * 16))
    engine.set('RIP', BigInt(vector & 0xf))
    engine.modeChanged()
  }

  #wakingVector(): number {
    const facs = this.#engine.physical(firmwareTables().addresses['FACS']!)
    return facs === undefined ? 0 : Buffer.from(facs.subarray(wakingVectorAt, wakingVectorAt + 4)).readUInt32LE()
  }

  #vcpuMachine(): VcpuMachine {
    const machine = this
    const { board } = this
    const changed = () => this.#engine.resync()
    return {
      portIn: (port, size) => board.readPort(port, size),
      portOut: (port, size, value) => {
        board.writePort(port, size, value)
        changed()
        return true
      },
      mmioRead: (address, size) =>
        size === 8 ? this.#readWide(address) : BigInt(board.readMemory(0, address, size) >>> 0),
      mmioWrite: (address, size, value) => {
        if (size === 8) {
          board.writeMemory(0, address, 4, Number(value & 0xffff_ffffn))
          board.writeMemory(0, address + 4, 4, Number(value >> 32n))
        } else board.writeMemory(0, address, size, Number(value))
        changed()
        return true
      },
      timeStamp: () => this.#tscAt(this.now()),
      setTimeStamp: (value) => {
        this.#tscOffset += value - this.#tscAt(this.now())
      },
      random: () => this.#nextRandom(),
      numericError: () => board.numericErrors.raise(),
      interruptPending: () => board.interruptPending(0),
      acknowledge: () => board.acknowledgeInterrupt(0),
      readApicMsr: (index) => board.readMsr(0, index),
      writeApicMsr: (index, value, initiator) => {
        const accepted = board.writeMsr(0, index, value, initiator)
        changed()
        return accepted
      },
      get taskPriority() {
        return board.apics[0]!.cr8
      },
      set taskPriority(value) {
        board.apics[0]!.cr8 = value
        machine.#engine.resync()
      },
      writePvClock: (index, value) => this.#writePvClock(index, value),
      hypercall: () => false,
      localApic: {
        bootstrap: true,
        readRegisters: () => board.apics[0]!.readRegisters(),
        writeRegisters: (page) => board.apics[0]!.writeRegisters(page),
        initialize: () => board.apics[0]!.initialize(),
      },
    }
  }

  #readWide(address: number): bigint {
    const low = BigInt(this.board.readMemory(0, address, 4) >>> 0)
    return low | (BigInt(this.board.readMemory(0, address + 4, 4) >>> 0) << 32n)
  }

  /** A fixed sequence: two runs of one image see the same numbers. */
  #nextRandom(): bigint {
    let x = this.#random
    x ^= BigInt.asUintN(64, x << 13n)
    x ^= x >> 7n
    x ^= BigInt.asUintN(64, x << 17n)
    this.#random = x
    return x
  }

  /** kvmclock: the time info goes where the guest says; bit 0 of the register enables it. */
  #writePvClock(index: number, value: bigint): void {
    const started = BigInt(this.#options.startSeconds ?? 0) * 1_000_000_000n
    if (index === 0x11 || index === 0x4b56_4d00) {
      this.#engine.writePhysical(Number(value), pvclockWallClock(wallClockAt(started, 2)))
      return
    }
    if ((value & 1n) === 0n) return
    const now = this.now()
    const info = pvclockTimeInfo({
      version: 2,
      tscTimestamp: this.#tscAt(now),
      systemTime: BigInt(now),
      ...timeScale(tscHz),
      flags: 1,
    })
    this.#engine.writePhysical(Number(value & ~1n), info)
  }
}
