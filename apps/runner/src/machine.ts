import type { LoadedImage } from '@vmm/boot'
import type { Feature } from '@vmm/cpuid'
import {
  type CreateEngine,
  type CreateVmClock,
  engineStatistics,
  handlerRuns,
  type KvmOptions,
  type KvmVcpu,
  restoreVm,
  saveState,
  saveVm,
  usedMemory,
  type Vm,
  type Watching,
} from '@vmm/kvm'
import { type AcpiTables, acpiTables, createPcDevices, type MachineEvent, type PcDevices } from '@vmm/pc-board'
import type { Profile, Refusal } from '@vmm/rule'
import { comPorts } from '@vmm/serial'
import type { VcpuExit } from '@vmm/vcpu'
import type { EngineStatistics, HandlerRuns } from '@vmm/wasm-engine'
import { begin, beginInRealMode } from './begin.ts'
import { boardPorts } from './board-ports.ts'
import { answerMemory } from './exits.ts'
import { GuestVm, watchingOf } from './guest-vm.ts'
import { nanosecondsPerInstruction } from './hardware.ts'
import { releaseNamed } from './kvm-release.ts'
import type { End, RunningMachine, SerialLine, SliceResult } from './machine-port.ts'
import type { Processor } from './processor.ts'
import type { Sampler } from './profile/sampler.ts'
import { RandomNumbers } from './random-numbers.ts'
import { hashOf, type SavedMachine, savedVersion } from './saved-machine.ts'
import { Turns } from './turns.ts'

/** Where the FACS has the address that the guest wants to wake up at. */
export const wakingVectorAt = 12

export interface MachineOptions extends Watching {
  /** Makes the engine of each processor; left out, KVM does. */
  readonly createEngine?: CreateEngine | undefined
  /** When code that is hot is compiled; false: never. */
  readonly hot?: KvmOptions['hot']
  readonly emitted?: KvmOptions['emitted']
  readonly memorySize: number
  /** The first processor's CPUID table, from `processorNamed` for as many as there are. */
  readonly table: Processor
  /** Instructions after which a slice comes back before its end; the engine looks around as often. */
  readonly breath?: number | undefined
  /** How many processors; one unless told. */
  readonly cpus?: number
  /** The kernel release whose KVM this is; the usual one unless told. */
  readonly kernel?: Profile
  /** What COM1 to COM4 send. */
  readonly onTransmit: (port: number, byte: number) => void
  /** COM1 has room for more. */
  readonly onRoom?: () => void
  /** Seconds since 1970 at guest time zero. */
  readonly startSeconds?: number
  /** Looks now and then where the guest is. */
  readonly sampler?: Sampler
}

/** The ACPI tables that a machine with so many processors has, and where they will be. */
export function firmwareTables(cpus = 1): AcpiTables {
  return acpiTables({ cpus, keyboard: 'absent', serialPorts: comPorts })
}

/** A PC on KVM: the parts are chosen here and nowhere else. Its processors take turns in this thread. */
export class Machine implements RunningMachine {
  readonly devices: PcDevices
  readonly vm: Vm
  /** The processor that starts the machine. */
  readonly vcpu: KvmVcpu
  readonly features: ReadonlySet<Feature>
  readonly breath: number | undefined
  readonly #guest: GuestVm
  readonly #random = new RandomNumbers()
  readonly #turns: Turns
  readonly #acpi: AcpiTables
  readonly #sampler: Sampler | undefined
  #warp = 0
  #ended: End | undefined
  /** Where a slice comes back before its end. */
  #breathEnd = Number.POSITIVE_INFINITY
  /** Who runs, and until when at most, so that no device's deadline is missed. */
  #running: { readonly vcpu: KvmVcpu; readonly deadline: number } | undefined

  /** @throws {UsageError} for a processor that the release refuses. */
  constructor(options: MachineOptions) {
    const {
      table,
      memorySize,
      cpus = 1,
      startSeconds = 0,
      kernel = releaseNamed(),
      createEngine,
      hot,
      emitted,
    } = options
    this.features = table.features
    this.breath = options.breath
    this.#sampler = options.sampler
    this.#acpi = firmwareTables(cpus)
    this.#guest = new GuestVm({
      kernel,
      memorySize,
      cpuid: table.entries,
      vmxLacks: table.vmxLacks,
      cpus,
      createClock: this.#createClock,
      startedAt: BigInt(startSeconds) * 1_000_000_000n,
      watching: watchingOf(options),
      ports: boardPorts({ devices: () => this.devices, onAccess: () => this.#accessed() }),
      ...(createEngine === undefined ? {} : { createEngine }),
      ...(hot === undefined ? {} : { hot }),
      ...(emitted === undefined ? {} : { emitted }),
    })
    this.vm = this.#guest.vm
    this.vcpu = this.#guest.vcpu
    this.#turns = new Turns(this.vm.vcpus)
    this.devices = this.#createDevices(options)
    this.#join()
  }

  /** Guest time in nanoseconds. */
  now(): number {
    return this.vm.clock.now()
  }

  /** Instructions retired, by all processors. */
  get instructions(): number {
    return this.vm.instructions
  }

  /** Instructions retired by each processor. */
  get instructionsOfEach(): readonly number[] {
    return this.vm.vcpus.map(({ instructions }) => instructions)
  }

  /** The host's end of the first serial line. */
  get console(): SerialLine {
    return this.devices.serialPorts[0]!
  }

  /** What the guest ran most, one by one or by twos, if that is counted. */
  handlerRuns(what: 'handlers' | 'pairs' = 'handlers'): readonly HandlerRuns[] {
    return handlerRuns(this.vm, what)
  }

  /** What the engine has done so far. */
  get statistics(): EngineStatistics {
    return engineStatistics(this.vm)
  }

  /** Whether an interrupt would wake a processor when all are idle. */
  get canWake(): boolean {
    return this.suspended || this.vm.vcpus.some(({ wakesOnInterrupt }) => wakesOnInterrupt)
  }

  /** The guest is in S3. */
  get suspended(): boolean {
    return this.devices.power.sleeping
  }

  /** Ends S3, as a power button would. */
  wake(): void {
    this.devices.wake()
  }

  /** Puts an image into memory, with the ACPI tables, and sets the first processor up as its protocol says. */
  load(image: LoadedImage): void {
    this.#guest.write(this.#acpi.base, this.#acpi.bytes)
    for (const { address, bytes } of image.writes) {
      if (!this.#guest.write(address, bytes))
        throw new RangeError(`no memory at 0x${address.toString(16)} for ${bytes.length} bytes`)
    }
    begin(this.vcpu, image.start)
  }

  /** Runs up to `instructions`, stopping at device deadlines on the way. */
  slice(instructions: number): SliceResult {
    this.#sampler?.begins(this)
    const result = this.#run(instructions)
    this.#sampler?.ends(this)
    return result
  }

  #run(instructions: number): SliceResult {
    const end = this.instructions + instructions
    this.#breathEnd = this.instructions + (this.breath ?? Number.POSITIVE_INFINITY)
    for (;;) {
      const now = this.now()
      this.devices.runTimers(now)
      if (this.#ended !== undefined) return { kind: 'ended', end: this.#ended }
      if (this.suspended) return { kind: 'idle', until: this.#nextDeadline() }
      const left = end - this.instructions
      if (left <= 0 || this.#isOutOfBreath()) return { kind: 'running' }
      this.vm.interrupts.runTimers(now)
      const turn = this.#turns.next()
      if (turn === undefined) return { kind: 'idle', until: this.#nextDeadline() }
      const deadline = this.devices.nextDeadline()
      const untilTimer = Math.ceil((deadline - now) / nanosecondsPerInstruction)
      const untilSample = this.#sampler?.left(this.instructions) ?? left
      const signalAfter = Math.max(1, Math.min(left, turn.left, untilTimer, untilSample))
      const { vcpu } = turn
      const { endsByPause: endsTurn } = this.#turns
      this.#running = { vcpu, deadline }
      const answer = vcpu.run({
        signalAfter,
        signalled: this.#signalled,
        ...(this.vm.vcpus.length === 1 ? {} : { endsTurn }),
      })
      this.#running = undefined
      const result = answer.kind === 'refused' ? this.#cameBack(answer) : this.#answered(vcpu, answer.value)
      this.#sampler?.ran(this, vcpu)
      if (this.#ended !== undefined) return { kind: 'ended', end: this.#ended }
      if (result !== undefined) return result
    }
  }

  #isOutOfBreath(): boolean {
    return this.instructions >= this.#breathEnd
  }

  /** Asked while a processor runs: whether something else is to be done first. No exit of the guest's tells of it. */
  readonly #signalled = (): boolean => this.#turns.isOver() || this.#isOutOfBreath()

  /** EINTR: a deadline, something that changed, or a processor that waits. */
  #cameBack({ errno, says }: Refusal): SliceResult | undefined {
    if (errno !== 'EINTR') return { kind: 'ended', end: { kind: 'internal-error', says } }
    // of several each gets its turn, unless all wait
    const waits = this.vm.vcpus.length === 1 && this.vcpu.isWaiting
    return waits ? { kind: 'idle', until: this.#nextDeadline() } : undefined
  }

  /** When a timer of ours, or one in the kernel, next has something to do. A guest in S3 has only ours. */
  #nextDeadline(): number {
    const ours = this.devices.nextDeadline()
    return this.suspended ? ours : Math.min(ours, this.vm.interrupts.nextDeadline())
  }

  #answered(vcpu: KvmVcpu, exit: VcpuExit): SliceResult | undefined {
    switch (exit.kind) {
      case 'mmio':
        answerMemory(this.devices, vcpu, exit)
        return this.#finish(vcpu)
      case 'shutdown':
        return { kind: 'ended', end: { kind: 'shutdown', because: exit.because, state: this.describe(vcpu) } }
      case 'internal-error':
        return { kind: 'ended', end: { kind: 'internal-error', says: exit.says } }
      default:
        return { kind: 'ended', end: { kind: 'internal-error', says: `KVM_RUN came back with ${exit.kind}` } }
    }
  }

  /** A device was asked inside KVM_RUN: it comes back where the machine has something to do before it would. */
  #accessed(): void {
    if (this.#running === undefined) return
    const { vcpu, deadline } = this.#running
    if (this.#ended !== undefined || this.suspended || this.devices.nextDeadline() < deadline) vcpu.kick()
  }

  /** The instruction that was answered is finished, and nothing else is run. */
  #finish(vcpu: KvmVcpu): SliceResult | undefined {
    const answer = vcpu.runUnfinished()
    return answer.kind === 'refused' ? this.#cameBack(answer) : this.#answered(vcpu, answer.value)
  }

  /** Everything, as plain data: memory, the processors, the devices and the clock. */
  save(): SavedMachine {
    return { version: savedVersion, ...saveVm(this.vm), ...this.#saveSmall() }
  }

  /**
   * Takes back what a machine with the same options saved: from here on it does what that one does.
   * @throws {RangeError} if another version, or a machine of another make, has saved it; this one is then good for nothing.
   */
  restore(saved: SavedMachine): void {
    if (saved.version !== savedVersion) throw new RangeError(`a machine saved by version ${saved.version}`)
    restoreVm(this.vm, saved)
    this.#warp = saved.warp
    this.#random.state = saved.random
    this.#turns.restore(saved.turns)
    this.#ended = undefined
    this.devices.restore(saved.devices)
  }

  /** A hash of everything that a guest could see: SHA-256, in hexadecimal digits. */
  stateHash(): string {
    return hashOf(this.#saveSmall(), this.instructions, usedMemory(this.vm))
  }

  /** Power-on state, as the reset button gives it: memory, the clock and what the battery keeps stay. */
  reset(): void {
    this.#ended = undefined
    this.devices.reset()
    this.#guest.reset()
    this.#turns.reset()
  }

  /** A reset with nothing left in memory, and an image in it; the clock and the count of instructions go on. */
  restart(image: LoadedImage): void {
    for (const { address, bytes } of usedMemory(this.vm)) this.#guest.write(address, new Uint8Array(bytes.length))
    this.reset()
    this.load(image)
  }

  /** Moves the clock while nothing runs, in whole nanoseconds. */
  warpTo(time: number): void {
    this.#warp += Math.max(0, Math.ceil(time - this.now()))
  }

  /** The registers that matter in a post-mortem, one line; and whose, where there are several. */
  describe({ id, state } = this.vcpu): string {
    const hex = (value: bigint) => value.toString(16)
    const { cr0, cr3, cr4, efer } = state.getSregs()
    const { rip } = state.getRegs()
    const whose = this.vm.vcpus.length === 1 ? '' : `vCPU ${id} `
    return `${whose}RIP=${hex(rip)} CR0=${hex(cr0)} CR3=${hex(cr3)} CR4=${hex(cr4)} EFER=${hex(efer)}`
  }

  #saveSmall(): Omit<SavedMachine, 'version' | 'engine' | 'otherEngines'> {
    const { state: random } = this.#random
    const turns = this.#turns.save()
    return { ...saveState(this.vm), devices: this.devices.save(), warp: this.#warp, random, turns }
  }

  readonly #createClock: CreateVmClock = (retired) => ({
    perInstruction: nanosecondsPerInstruction,
    now: () => retired() * nanosecondsPerInstruction + this.#warp,
    wait: () => false,
  })

  #createDevices({ memorySize, cpus = 1, startSeconds = 0, onTransmit, onRoom }: MachineOptions): PcDevices {
    return createPcDevices({
      clock: { now: () => this.now() },
      cpus,
      memorySize,
      lines: { setLine: (line, level) => void this.vm.irqLine(line, level) },
      isHeard: (line) => this.#isHeard(line),
      onEvent: (event) => this.#onEvent(event),
      onIgnoreNumericError: () => this.vcpu.ignoreNumericError(),
      serialPorts: comPorts.map((_, port) => ({
        onTransmit: (byte) => onTransmit(port, byte),
        ...(port === 0 && onRoom !== undefined ? { onRoom } : {}),
      })),
      startSeconds,
    })
  }

  #isHeard(line: number): boolean {
    const { controllers } = this.vm.interrupts
    return controllers?.pic.masks(line) === false || controllers?.ioApic.masks(line) === false
  }

  /** FERR# and IGNNE# are those of the processor that starts the machine, as on every PC. */
  #join(): void {
    this.vcpu.wires.numericError = () => this.devices.numericErrors.raise()
    for (const { wires } of this.vm.vcpus) wires.random = () => this.#random.next()
  }

  #onEvent(event: MachineEvent): void {
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
    this.#guest.reset()
    this.#turns.reset()
    beginInRealMode(this.vcpu, vector)
  }

  #wakingVector(): number {
    const facs = this.#guest.at(this.#acpi.addresses['FACS']!)
    return facs === undefined ? 0 : Buffer.from(facs.subarray(wakingVectorAt, wakingVectorAt + 4)).readUInt32LE()
  }
}
