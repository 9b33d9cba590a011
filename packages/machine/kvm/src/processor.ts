import type { Profile } from '@vmm/rule'
import { type ExitReason, type Trace, Vcpu } from '@vmm/vcpu'
import { Engine, type GuestMachineOptions, type GuestSlots, type MemorySlot } from '@vmm/wasm-engine'
import type { VmBuses } from './buses/vm-buses.ts'
import type { CreateVmClock, VmClock } from './time/vm-clock.ts'
import { AroundVcpu, type VcpuWires } from './vcpu-machine.ts'

/** Who watches processors at work. */
export interface Watching {
  /** Told of every event, in the words of the kernel's tracepoints. */
  readonly trace?: Trace
  /** Told of every exit, traced or not; of those for one reason, of several at once. */
  readonly onExit?: (reason: ExitReason, count: number) => void
  /** What the engine counts beside instructions. */
  readonly counts?: NonNullable<GuestMachineOptions['counts']>
}

/** What a processor is made with. */
export interface ProcessorOptions {
  readonly kernel: Profile
  readonly memoryBytes: number
  readonly buses: VmBuses
  readonly createClock: CreateVmClock
  /** Nanoseconds since 1970 when the clock is at 0. */
  readonly startedAt: bigint
  readonly watching: Watching
}

/** The engine of a VM and the vCPU over it, which has no CPUID table until it is given one. */
export class Processor {
  readonly vcpu: Vcpu
  readonly engine: Engine
  readonly around: AroundVcpu
  readonly clock: VmClock
  /** What is joined to it. */
  readonly wires: VcpuWires = {}

  constructor({ kernel, memoryBytes, buses, createClock, startedAt, watching }: ProcessorOptions) {
    let engine: Engine | undefined
    const retired = () => engine?.retired() ?? 0
    const store = (address: number, bytes: Uint8Array) => engine?.writePhysical(address, bytes) ?? false
    const { counts = 'nothing', ...watchers } = watching
    this.clock = createClock(retired)
    this.around = new AroundVcpu({ retired, clock: this.clock, startedAt, buses, wires: this.wires, store })
    this.vcpu = new Vcpu({
      cpuid: [],
      kernel,
      machine: this.around,
      createEngine: (ports) => {
        engine = new Engine({ slots: [], memoryBytes, ports, counts })
        return engine
      },
      ...watchers,
    })
    if (engine === undefined) throw new Error('a vCPU makes its engine')
    this.engine = engine
  }

  get slots(): GuestSlots {
    return this.engine.slots
  }

  /** Shows the guest these slots and no others. */
  show(slots: readonly (MemorySlot | undefined)[]): void {
    this.engine.slots.replace(slots.filter((slot) => slot !== undefined))
  }
}
