import type { Profile } from '@vmm/rule'
import {
  type ApicRegisters,
  type Engine,
  type EnginePorts,
  type ExitLevels,
  type ExitReason,
  type TraceEvent,
  Vcpu,
  type VcpuHost,
  type VcpuSwitches,
} from '@vmm/vcpu'
import { Engine as Compiled, type GuestMachine, type GuestMachineOptions, type SavedEngine } from '@vmm/wasm-engine'
import type { VmBuses } from './buses/vm-buses.ts'
import type { VcpuSignals } from './run/vcpu-signals.ts'
import type { VmClock } from './time/vm-clock.ts'
import type { VmTime } from './time/vm-time.ts'
import { AroundVcpu, type VcpuWires } from './vcpu-machine.ts'

/** An engine that can be saved, and runs the memory of a machine. */
export interface ProcessorEngine extends Engine {
  save(what?: 'machine' | 'processor'): SavedEngine
  restore(saved: SavedEngine, what?: 'machine' | 'processor'): void
}

/** Makes the engine of a processor: over a machine's memory, and with who answers it. */
export type CreateEngine = (made: { readonly machine: GuestMachine; readonly ports: EnginePorts }) => ProcessorEngine

const compiled: CreateEngine = (made) => new Compiled(made)

/** Who watches processors at work. */
export interface Watching {
  /** Told of every event, in the words of the kernel's tracepoints, and of which vCPU it is, by its id. */
  readonly trace?: (event: TraceEvent, vcpu: number) => void
  /** Told of every exit, traced or not, and of who was left for whom; of those for one reason, of several at once. */
  readonly onExit?: (reason: ExitReason, count: number, levels: ExitLevels) => void
  /** The host's time in milliseconds, for who wants to know how long code ran: `engineStatistics` has it. */
  readonly clock?: () => number
  /** What the engine counts beside instructions. */
  readonly counts?: NonNullable<GuestMachineOptions['counts']>
}

/** What a processor is made with. */
export interface ProcessorOptions {
  /** The id of its vCPU. */
  readonly id: number
  readonly kernel: Profile
  /** CONFIG_KVM_SMM. */
  readonly smm: boolean
  readonly host: VcpuHost
  /** Whether it is the one that starts the machine. */
  readonly bootstrap: boolean
  /** The memory that it runs, and the other processors of its VM. */
  readonly guest: GuestMachine
  readonly buses: VmBuses
  readonly clock: VmClock
  /** What guests are told the time is. */
  readonly time: VmTime
  readonly watching: Watching
  readonly switches: VcpuSwitches
  /** Left out, the engine is one of `@vmm/wasm-engine` as it is made by itself. */
  readonly createEngine?: CreateEngine | undefined
}

/** A processor of a VM: the engine and the vCPU over it, which has no CPUID table until it is given one. */
export class Processor {
  readonly vcpu: Vcpu
  readonly engine: ProcessorEngine
  readonly around: AroundVcpu
  /** What is joined to it. */
  readonly wires: VcpuWires = {}
  /** How user space wants it to be run. */
  readonly signals: VcpuSignals = { mask: undefined, reportsTpr: false, vapic: 0n }
  /** Where its local APIC may leave registers to the engine. Who traces is told of each access. */
  readonly apicRegisters: ApicRegisters | undefined

  constructor(options: ProcessorOptions) {
    const { id, kernel, smm, host, bootstrap, guest, buses, clock, time, watching, switches } = options
    const { createEngine = compiled } = options
    let engine: ProcessorEngine | undefined
    const retired = () => engine?.retired() ?? 0
    const store = (address: number, bytes: Uint8Array) => guest.slots.writeAt(address, bytes)
    const { trace, onExit } = watching
    this.around = new AroundVcpu({ bootstrap, retired, clock, time, buses, wires: this.wires, store })
    this.vcpu = new Vcpu({
      cpuid: [],
      kernel,
      smm,
      host,
      switches,
      machine: this.around,
      createEngine: (ports) => {
        engine = createEngine({ machine: guest, ports })
        return engine
      },
      ...(trace === undefined ? {} : { trace: (event: TraceEvent) => trace(event, id) }),
      ...(onExit === undefined ? {} : { onExit }),
    })
    if (engine === undefined) throw new Error('a vCPU makes its engine')
    this.engine = engine
    this.apicRegisters = trace === undefined ? engine.known?.apic : undefined
  }
}
