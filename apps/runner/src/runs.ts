import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LoadedImage } from '@vmm/boot'
import type { Difference } from '@vmm/oracle-engine'
import type { Bell } from './bell.ts'
import type { Ending } from './ending.ts'
import { Engines } from './engine-choice.ts'
import { ExecStatus, execPorts } from './exec.ts'
import { GuestConsole } from './guest-console.ts'
import type { Host } from './host.ts'
import { keptCode } from './kept-code.ts'
import { limitReached, type Running, untilEnd } from './loop.ts'
import { Machine, type MachineOptions } from './machine.ts'
import type { Totals } from './meter.ts'
import type { Outcome } from './outcome.ts'
import type { RunProfile } from './profile/profile.ts'
import { Sampler } from './profile/sampler.ts'
import { namesOf } from './profile/symbols.ts'
import type { Ran } from './report.ts'
import type { RunOptions } from './run-options.ts'
import type { Smp } from './smp-choice.ts'
import { ThreadedMachine } from './threads/threaded-machine.ts'
import type { Tracer } from './trace.ts'
import { UsageError } from './usage-error.ts'

/** What a guest is run with. */
export interface Parts {
  readonly options: RunOptions
  readonly ending: Ending
  readonly bell: Bell
  readonly tracer: Tracer
  readonly host: Host
  readonly image: LoadedImage
  /** The image as it was in its file, which may have symbols. */
  readonly file: Uint8Array
}

/** One start after another, as the guest resets: the same image and options, nothing left in memory of what was. */
export class Runs {
  readonly #parts: Parts
  readonly #status = new ExecStatus()
  readonly #started = performance.now()
  readonly #totals = (): Totals => ({
    milliseconds: performance.now() - this.#started,
    guestTime: this.#machine.now(),
    instructions: this.#machine.instructions,
    exits: this.#parts.tracer.exits,
  })
  #console = new GuestConsole()
  readonly #sampler: Sampler | undefined
  readonly #engines: Engines
  readonly #machine: Machine | ThreadedMachine
  #resets = 0
  #difference: Difference | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    const { profile, stats } = parts.options
    this.#sampler = profile !== undefined || stats ? new Sampler(() => performance.now()) : undefined
    this.#engines = new Engines(parts.options.engine, (difference) => this.#differs(difference))
    this.#machine = this.#create()
    parts.tracer.now = () => this.#totals().guestTime
    parts.host.totals = this.#totals
  }

  async toEnd(): Promise<Ran> {
    const { options, ending, host, tracer } = this.#parts
    const deadline = performance.now() + options.timeout * 1000
    for (;;) {
      const running = this.#running(deadline)
      const outcome = await untilEnd(running)
      await nextTurn()
      // a limit may be reached between two starts, too
      const isOver = outcome.kind !== 'reset' || !options.reboot
      const end = isOver ? outcome : (ending.wish ?? limitReached(running))
      if (end === undefined) {
        this.#again()
        continue
      }
      await host.drain()
      const { checkedSlices } = this.#engines
      return {
        outcome: this.#withStatus(end),
        totals: this.#totals(),
        kernel: options.kernel,
        exits: tracer.counts,
        instructionsOfEach: this.#machine.instructionsOfEach,
        resets: this.#resets,
        ...(checkedSlices === undefined ? {} : { checkedSlices }),
        ...(this.#difference === undefined ? {} : { difference: this.#difference }),
        ...this.#hashed(),
        ...this.#profiled(),
      }
    }
  }

  /** What ran in threads is never the same twice. */
  #hashed(): { readonly stateHash?: string } {
    const machine = this.#machine
    const isHashed = this.#parts.options.report !== undefined && machine instanceof Machine
    return isHashed ? { stateHash: machine.stateHash() } : {}
  }

  #profiled(): { readonly profile?: RunProfile } {
    if (this.#sampler === undefined || this.#machine instanceof ThreadedMachine) return {}
    this.#nameSamples()
    return { profile: { sampler: this.#sampler, statistics: this.#machine.statistics } }
  }

  /** What is in memory now has names for what ran so far. */
  #nameSamples(): void {
    if (this.#machine instanceof ThreadedMachine) return
    this.#sampler?.name(namesOf(this.#parts.file, this.#machine.vm.memory.bytes))
  }

  #differs(difference: Difference): void {
    this.#difference = difference
    this.#parts.ending.want({ kind: 'differs', says: 'the engine and the oracle differ' })
  }

  #again(): void {
    this.#nameSamples()
    this.#resets += 1
    this.#console = new GuestConsole()
    this.#machine.restart(this.#parts.image)
  }

  #running(deadline: number): Running {
    const { options, ending, bell, host } = this.#parts
    const { maxInstructions, timeout, clock } = options
    const machine = this.#machine
    return {
      machine,
      line: machine.console,
      console: this.#console,
      input: host.input,
      ending,
      bell,
      clock,
      limits: {
        instructions: maxInstructions,
        deadline,
        says: { instructions: `${maxInstructions}`, time: `${timeout}` },
      },
      attend: () => host.attend(),
    }
  }

  #create(): Machine | ThreadedMachine {
    const emitted = keptCode()
    const { options, tracer, host, image, bell } = this.#parts
    const machine: Machine | ThreadedMachine = possible(options.smp, bell, {
      memorySize: options.memorySize,
      kernel: options.kernel,
      table: options.table,
      cpus: options.cpus,
      createEngine: this.#engines.create,
      breath: this.#engines.breath,
      ...(this.#engines.hot === undefined ? {} : { hot: this.#engines.hot }),
      ...(emitted && { emitted }),
      onTransmit: (port, byte) => {
        if (port === 0) this.#console.wrote(byte, machine.now())
        this.#transmitted(port, byte)
      },
      onRoom: () => void host.input.feed(machine.console),
      onExit: tracer.count,
      ...(options.clock === 'real' ? { startSeconds: Math.floor(Date.now() / 1000) } : {}),
      ...(options.trace === undefined ? {} : { trace: tracer.take }),
      ...(this.#sampler === undefined ? {} : { sampler: this.#sampler, clock: () => performance.now() }),
    })
    machine.load(image)
    return machine
  }

  #transmitted(port: number, byte: number): void {
    const { host, options } = this.#parts
    if (options.exec === undefined) {
      if (port === 0) host.put('stdout', byte)
    } else if (port === execPorts.stdout) host.put('stdout', byte)
    else if (port === execPorts.stderr) host.put('stderr', byte)
    else if (port === execPorts.status) this.#status.receive(byte)
    else if (options.console) host.put('stderr', byte)
  }

  /** A command that has sent its status has ended, however the machine stopped after that. */
  #withStatus(outcome: Outcome): Outcome {
    const { status } = this.#status
    const hasStopped = ['power-off', 'reset', 'guest-panic', 'halted'].includes(outcome.kind)
    return status !== undefined && hasStopped ? { kind: 'command', status } : outcome
  }
}

/** @throws {UsageError} if the system does not give that much memory. */
function possible(smp: Smp, bell: Bell, options: MachineOptions): Machine | ThreadedMachine {
  try {
    return smp === 'turns' ? new Machine(options) : new ThreadedMachine({ ...options, onRing: bell.ring })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    if (/too much/.test(error.message))
      throw new UsageError('--smp threads: expected fewer processors or less memory: they share 4 GiB')
    if (!/allocate/.test(error.message)) throw error
    const size = `${Math.round(options.memorySize / 2 ** 20)}M`
    throw new UsageError(`--memory ${size}: expected a size that this system can give, and it cannot give that`)
  }
}
