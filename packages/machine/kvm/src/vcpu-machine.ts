import type { MmioRegion } from '@vmm/device'
import type { Initiator } from '@vmm/msr'
import { type LocalApicPort, type MemoryFaultExit, nobody, type OtherProcessors, type VcpuMachine } from '@vmm/vcpu'
import { readHalves, writeHalves } from './buses/halves.ts'
import type { VmBuses } from './buses/vm-buses.ts'
import { writeParavirtualClock } from './time/paravirtual-clock.ts'
import { hostKhz, VcpuTsc } from './time/vcpu-tsc.ts'
import type { VmClock } from './time/vm-clock.ts'
import type { VmTime } from './time/vm-time.ts'

/** The local APIC of a vCPU with all that stands behind it, as the vCPU asks it. */
export interface VcpuInterrupts
  extends Pick<
    VcpuMachine,
    'interruptPending' | 'acknowledge' | 'readApicMsr' | 'writeApicMsr' | 'taskPriority' | 'localApic'
  > {
  /** The registers of its APIC in guest-physical memory: they are its own, and another's are at the same place. */
  readonly page?: MmioRegion
}

/** What is joined to a vCPU beside buses; each may come and go while it lives. */
export interface VcpuWires {
  /** Left out, there is no local APIC: interrupts are queued by KVM_INTERRUPT. */
  interrupts?: VcpuInterrupts
  /**
   * FERR#: an x87 error while CR0.NE is clear. True: an interrupt will come of it. KVM has no such wire: where none is
   * joined, every such error is #MF.
   */
  numericError?: () => boolean
  /** The other vCPUs, which hypercalls reach. */
  others?: OtherProcessors
  /** Where RDRAND and RDSEED come from. Left out, numbers follow from the count of instructions. */
  random?: () => bigint
  /** Who knows of guest memory what the engine does not: where user space has none, and which pages are logged. */
  memory?: Pick<Required<VcpuMachine>, 'memoryFault' | 'touched'>
}

/** What a VM puts around a vCPU. */
export interface Around {
  /** Whether it is the one that starts the machine. */
  readonly bootstrap: boolean
  /** Instructions that the vCPU has retired. */
  readonly retired: () => number
  readonly clock: VmClock
  /** What guests are told the time is. */
  readonly time: VmTime
  readonly buses: VmBuses
  readonly wires: VcpuWires
  /** Stores to guest memory; false where there is none. */
  readonly store: (address: number, bytes: Uint8Array) => boolean
}

/** What is around one vCPU: what its VM has in the kernel answers, user space is asked for the rest. */
export class AroundVcpu implements VcpuMachine {
  readonly #around: Around
  readonly #none: VcpuMachine
  readonly tsc: VcpuTsc

  constructor(around: Around) {
    this.#around = around
    this.tsc = new VcpuTsc(around.clock, around.time.kHz)
    around.time.tscs.create(this.tsc)
    this.#none = nobody(around.retired, around.bootstrap ? 'bootstrap' : 'other')
  }

  portIn(port: number, size: 1 | 2 | 4): number | undefined {
    return this.#around.buses.io.read(port, size)
  }

  portOut(port: number, size: 1 | 2 | 4, value: number): boolean {
    const { coalesced, io } = this.#around.buses
    const isCollected = !coalesced.isEmpty && coalesced.collects(1, port, size, BigInt(value >>> 0))
    return isCollected || io.write(port, size, value)
  }

  ignoresPort(port: number): boolean {
    const { coalesced, io } = this.#around.buses
    return coalesced.isEmpty && io.ignores(port)
  }

  portHolds(port: number): number {
    const { buses, clock } = this.#around
    const until = buses.io.holds(port)
    return until === undefined || clock.perInstruction === undefined ? 0 : (until - clock.now()) / clock.perInstruction
  }

  mmioRead(address: number, size: 1 | 2 | 4 | 8): bigint | undefined {
    const page = this.#page()
    const offset = page === undefined ? -1 : address - page.base
    if (page === undefined || !isIn(page, offset)) return this.#around.buses.mmio.read(address, size)
    return readHalves(page, offset, size)
  }

  mmioWrite(address: number, size: 1 | 2 | 4 | 8, value: bigint): boolean {
    const page = this.#page()
    const offset = page === undefined ? -1 : address - page.base
    if (page === undefined || !isIn(page, offset)) return this.#around.buses.mmio.write(address, size, value)
    writeHalves(page, offset, size, value)
    return true
  }

  collects(address: number, bytes: number, value: bigint): boolean {
    return this.#around.buses.coalesced.collects(0, address, bytes, value)
  }

  memoryFault(address: number, bytes: number, access: 'read' | 'write' | 'fetch'): MemoryFaultExit | undefined {
    return this.#around.wires.memory?.memoryFault(address, bytes, access)
  }

  touched(address: number, access: 'load' | 'store'): boolean {
    return this.#around.wires.memory?.touched(address, access) ?? true
  }

  timeStamp(): bigint {
    return this.tsc.now
  }

  get ticksPerInstruction(): number {
    const { perInstruction = 0 } = this.#around.clock
    return this.tsc.kHz === hostKhz && Number.isInteger(perInstruction) ? perInstruction : 0
  }

  setTimeStamp(value: bigint): void {
    this.#around.time.tscs.write(this.tsc, value)
  }

  random(): bigint {
    return this.#around.wires.random?.() ?? this.#none.random()
  }

  interruptPending(): boolean {
    return this.#around.wires.interrupts?.interruptPending() ?? false
  }

  acknowledge(): number {
    return this.#interrupts().acknowledge()
  }

  readApicMsr(index: number): bigint | undefined {
    return this.#interrupts().readApicMsr(index)
  }

  writeApicMsr(index: number, value: bigint, initiator: Initiator): boolean {
    // without a local APIC, its base is what the release's rules let a guest make of it
    const { interrupts } = this.#around.wires
    return interrupts?.writeApicMsr(index, value, initiator) ?? this.#none.writeApicMsr(index, value, 'host')
  }

  get taskPriority(): number {
    return this.#interrupts().taskPriority
  }

  set taskPriority(value: number) {
    this.#interrupts().taskPriority = value
  }

  writePvClock(index: number, value: bigint, guest: 'goes on' | 'stopped' = 'goes on'): void {
    const { time, store } = this.#around
    const tscHz = this.tsc.kHz * 1000
    const bootedAt = time.wall - time.now
    writeParavirtualClock(index, value, { now: time.now, bootedAt, store, tscHz, timeStamp: this.timeStamp(), guest })
  }

  numericError(): boolean {
    return this.#around.wires.numericError?.() ?? false
  }

  hypercall(): boolean {
    return false
  }

  get others(): OtherProcessors | undefined {
    return this.#around.wires.others
  }

  get localApic(): LocalApicPort | undefined {
    return this.#interrupts().localApic
  }

  /** The page of its local APIC. */
  #page(): MmioRegion | undefined {
    return this.#around.wires.interrupts?.page
  }

  #interrupts(): VcpuInterrupts {
    return this.#around.wires.interrupts ?? this.#none
  }
}

const isIn = ({ length }: MmioRegion, offset: number): boolean => offset >= 0 && offset < length
