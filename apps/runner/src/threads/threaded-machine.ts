import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type LoadedImage, ramSlots } from '@vmm/boot'
import { openKvm, type Vm } from '@vmm/kvm'
import { pitConfigFlags } from '@vmm/kvm-uapi'
import { type AcpiTables, createPcDevices, type MachineEvent, type PcDevices } from '@vmm/pc-board'
import { comPorts } from '@vmm/serial'
import { guestBytes, type SharedGuest, shareGuest } from '@vmm/wasm-engine'
import { programControllers } from '../firmware.ts'
import { granted } from '../guest-vm.ts'
import { releaseNamed, softwareHost } from '../kvm-release.ts'
import { firmwareTables, type MachineOptions, wakingVectorAt } from '../machine.ts'
import type { End, RunningMachine, SerialLine, SliceResult } from '../machine-port.ts'
import { BoardAnswers } from './board-answers.ts'
import { signalBits, threadStates, wanted } from './board-layout.ts'
import { BoardWords } from './board-words.ts'
import { ApicElsewhere } from './distant-apic.ts'
import { hostClock, hostNanoseconds } from './host-clock.ts'
import type { ThreadOptions } from './thread-vm.ts'
import type { ThreadWords } from './thread-words.ts'
import type { VcpuWords } from './vcpu-words.ts'

/** What a machine in threads is made with, beside what every one is. */
export interface ThreadedOptions
  extends Pick<
    MachineOptions,
    'memorySize' | 'table' | 'cpus' | 'kernel' | 'hot' | 'startSeconds' | 'onTransmit' | 'onRoom'
  > {
  /** A thread wants this one to look. */
  readonly onRing: () => void
}

/** Nothing outside is looked at less often than after so many milliseconds. */
const lookMilliseconds = 10
/** Who has not stopped by then never will. */
const stopMilliseconds = 5000
/** Where an image begins, and not a waking vector. */
const fromImage = -1

/** What everybody knows of a local APIC that nobody has set yet. */
const apicAtPowerOn = {
  ...{ enabled: true, softwareEnabled: false, x2apicMode: false },
  ...{ logicalId: 0, destinationFormat: 0xffff_ffff },
} as const

const runs = ({ state }: ThreadWords): boolean => state === threadStates.running || state === threadStates.idle

/**
 * A PC whose processors run at the same time, in threads with a VM each: as many as the host runs at once, and where the guest has
 * more processors, some take turns in each. Devices and their interrupt controllers are in this one.
 */
export class ThreadedMachine implements RunningMachine {
  readonly devices: PcDevices
  readonly timeIsHosts = true
  /** What all of the vCPUs have of KVM beside their APICs. */
  readonly #vm: Vm
  readonly #guest: SharedGuest
  readonly #memory: Uint8Array
  readonly #board: BoardWords
  readonly #vcpus: readonly VcpuWords[]
  /** What the threads say. */
  readonly #threads: readonly ThreadWords[]
  readonly #answers: BoardAnswers
  readonly #acpi: AcpiTables
  readonly #options: ThreadedOptions
  readonly #since = hostNanoseconds()
  readonly #clock = hostClock(this.#since)
  readonly #workers: readonly Worker[]
  #starts: number | undefined
  #ended: End | undefined
  #listens = false

  /** @throws {RangeError} if there is no memory for so much. */
  constructor(options: ThreadedOptions) {
    const { cpus = 1, memorySize, kernel = releaseNamed() } = options
    this.#options = options
    this.#acpi = firmwareTables(cpus)
    const threads = Math.min(cpus, availableParallelism())
    this.#guest = shareGuest({ threads, vcpusOfEach: Math.ceil(cpus / threads), memoryBytes: memorySize })
    this.#memory = guestBytes(this.#guest)
    this.#board = new BoardWords({ cpus, threads })
    this.#vcpus = Array.from({ length: cpus }, (_, id) => this.#board.vcpu(id))
    this.#threads = Array.from({ length: threads }, (_, index) => this.#board.thread(index))
    for (const [id, vcpu] of this.#vcpus.entries()) vcpu.apic = { ...apicAtPowerOn, id }
    // they take as long to come as all that follows here
    this.#workers = this.#threads.map((_, index) => this.#createThread(index))
    const kvm = openKvm({
      kernel,
      host: softwareHost(kernel),
      memoryBytes: 4096,
      createClock: () => this.#clock,
      hot: false,
    })
    this.#vm = granted(kvm.createVm())
    granted(this.#vm.createIrqchip())
    granted(this.#vm.createPit2(pitConfigFlags.value.SPEAKER_DUMMY))
    for (let cpu = 0; cpu < cpus; cpu += 1) this.#vm.interrupts.apics.joinDistant(new ApicElsewhere(this.#board, cpu))
    this.devices = this.#createDevices(options)
    this.#answers = new BoardAnswers(this.#vm, this.devices, () => this.#stopIfOver())
  }

  now(): number {
    return this.#clock.now()
  }

  get instructions(): number {
    return this.#vcpus.reduce((sum, { retired }) => sum + retired, 0)
  }

  /** Instructions retired by each processor. */
  get instructionsOfEach(): readonly number[] {
    return this.#vcpus.map(({ retired }) => retired)
  }

  /** The host's end of the first serial line. */
  get console(): SerialLine {
    return this.devices.serialPorts[0]!
  }

  get canWake(): boolean {
    return this.suspended || this.#threads.some(({ wakes, state }) => wakes || state !== threadStates.idle)
  }

  get suspended(): boolean {
    return this.devices.power.sleeping
  }

  wake(): void {
    this.devices.wake()
  }

  /** Time passes by itself. */
  warpTo(): void {}

  /** Puts an image into memory, with the ACPI tables, and starts the processors. */
  load(image: LoadedImage): void {
    this.#write(this.#acpi.base, this.#acpi.bytes)
    for (const { address, bytes } of image.writes)
      if (!this.#write(address, bytes))
        throw new RangeError(`no memory at 0x${address.toString(16)} for ${bytes.length} bytes`)
    programControllers(this.#vm.buses.io)
    this.#workers[0]!.postMessage(image.start)
    this.#starts = fromImage
  }

  /** A reset with nothing left in memory, and an image in it. */
  restart(image: LoadedImage): void {
    this.#stop()
    this.#memory.fill(0)
    this.#ended = undefined
    this.devices.reset()
    this.#vm.interrupts.reset()
    this.load(image)
  }

  /** Looks after what the processors need, for a moment. */
  slice(): SliceResult {
    const until = this.now() + lookMilliseconds * 1e6
    for (;;) {
      const seen = this.#board.doorbell
      for (const thread of this.#threads) this.#answers.answer(thread)
      const now = this.now()
      this.devices.runTimers(now)
      this.#vm.interrupts.runTimers(now)
      if (this.#ended !== undefined) return this.#end(this.#ended)
      if (this.suspended) return this.#sleep()
      this.#startIfReady()
      const deadline = Math.min(this.devices.nextDeadline(), this.#vm.interrupts.nextDeadline())
      if (this.#isIdle(seen)) return this.#rest(seen, deadline)
      if (now >= until || this.#hasStopped()) return { kind: 'running' }
      this.#board.waitForRing(seen, Math.max(0, Math.min(until, deadline) - this.now()) / 1e6)
    }
  }

  /** The others are not waited for: who sends them a startup signal waits until they are there. */
  #startIfReady(): void {
    const [first, ...others] = this.#threads
    const isReady = first!.state === threadStates.stopped && !others.some(runs)
    if (this.#starts === undefined || !isReady) return
    for (const vcpu of this.#vcpus) vcpu.forget()
    this.#board.start = this.#starts
    this.#starts = undefined
    this.#board.wants = wanted.run
  }

  /** Somebody has come to an end that it is about to tell. */
  #hasStopped(): boolean {
    return this.#starts === undefined && this.#threads.some(({ state }) => state === threadStates.stopped)
  }

  #isIdle(seen: number): boolean {
    const sleeps = ({ state, asked }: ThreadWords) => state === threadStates.idle && asked === 0
    return this.#starts === undefined && this.#threads.every(sleeps) && this.#board.doorbell === seen
  }

  /** All wait: until a timer, or until one of them looks up. */
  #rest(seen: number, deadline: number): SliceResult {
    if (!this.#listens) {
      this.#listens = true
      void this.#board.ringAfter(seen).then(() => {
        this.#listens = false
        this.#options.onRing()
      })
    }
    return { kind: 'idle', until: this.#threads.reduce((least, thread) => Math.min(least, thread.deadline), deadline) }
  }

  #end(end: End): SliceResult {
    this.#stop()
    return { kind: 'ended', end }
  }

  /** S3: processors are off. */
  #sleep(): SliceResult {
    this.#stop()
    return { kind: 'idle', until: this.devices.nextDeadline() }
  }

  /** Who has ended it executes nothing behind that. */
  #stopIfOver(): void {
    if (this.#ended !== undefined || this.suspended) this.#board.wants = wanted.stop
  }

  /** All threads stop; what they still ask is answered. */
  #stop(): void {
    this.#board.wants = wanted.stop
    const until = this.now() + stopMilliseconds * 1e6
    while (this.#threads.some(runs) && this.now() < until) {
      const seen = this.#board.doorbell
      for (const thread of this.#threads) {
        thread.ring()
        this.#answers.answer(thread)
      }
      this.#board.waitForRing(seen, 1)
    }
  }

  #createThread(index: number): Worker {
    const { table, cpus = 1, kernel = releaseNamed(), hot, startSeconds = 0 } = this.#options
    const workerData: ThreadOptions = {
      ...{
        index,
        cpus,
        board: this.#board.buffer,
        guest: this.#guest,
        kernel,
        cpuid: table.entries,
        vmxLacks: table.vmxLacks,
        hot,
        startSeconds,
      },
      since: this.#since,
    }
    const worker = new Worker(new URL(threadModule, import.meta.url), { workerData })
    worker.unref()
    worker.on('message', (end: End) => {
      this.#ended ??= end
    })
    worker.on('error', (error: Error) => {
      this.#ended ??= { kind: 'internal-error', says: `thread ${index}: ${error.stack ?? error.message}` }
    })
    return worker
  }

  #createDevices({ memorySize, cpus = 1, startSeconds = 0, onTransmit, onRoom }: ThreadedOptions): PcDevices {
    return createPcDevices({
      clock: this.#clock,
      cpus,
      memorySize,
      lines: { setLine: (line, level) => void this.#vm.irqLine(line, level) },
      isHeard: (line) => {
        const { controllers } = this.#vm.interrupts
        return controllers?.pic.masks(line) === false || controllers?.ioApic.masks(line) === false
      },
      onEvent: (event) => this.#onEvent(event),
      onIgnoreNumericError: () => this.#vcpus[0]!.post(signalBits.ignoreNumericError),
      serialPorts: comPorts.map((_, port) => ({
        onTransmit: (byte) => onTransmit(port, byte),
        ...(port === 0 && onRoom !== undefined ? { onRoom } : {}),
      })),
      startSeconds,
    })
  }

  #onEvent(event: MachineEvent): void {
    if (event.kind === 'power-off' || event.kind === 'reset') this.#ended = { kind: event.kind }
    else if (event.kind === 'debug-exit') this.#ended = { kind: 'debug-exit', value: event.value }
    else if (event.kind === 'wake') this.#resume()
  }

  /** What firmware does after S3. Source: ACPI 6.5 §5.2.10. */
  #resume(): void {
    const place = this.#placeOf(this.#acpi.addresses['FACS']! + wakingVectorAt)
    const vector =
      place === undefined ? 0 : new DataView(this.#memory.buffer, this.#memory.byteOffset).getUint32(place, true)
    if (vector === 0) this.#ended = { kind: 'reset' }
    this.#vm.interrupts.reset()
    programControllers(this.#vm.buses.io)
    this.#starts = vector
  }

  #write(address: number, bytes: Uint8Array): boolean {
    const place = this.#placeOf(address)
    if (place === undefined || this.#placeOf(address + bytes.length - 1) === undefined) return false
    this.#memory.set(bytes, place)
    return true
  }

  /** Where a physical address is in memory. */
  #placeOf(address: number): number | undefined {
    let place = 0
    for (const slot of ramSlots(this.#memory.length)) {
      if (address >= slot.address && address < slot.address + slot.bytes) return place + address - slot.address
      place += slot.bytes
    }
    return undefined
  }
}

/** Beside this one, as it was written or as it was built. */
const threadModule = import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js'
