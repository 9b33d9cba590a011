import { type Names, type Sample, Samples, TierTimes, type TierWork } from '@vmm/guest-profile'
import type { KvmVcpu } from '@vmm/kvm'
import type { EngineStatistics } from '@vmm/wasm-engine'
import { accessRights } from '@vmm/x86-registers'
import { Stacks } from './stack.ts'

/** Instructions from one sample to the next at first: a prime, so that no loop and no turn keeps step with it. */
const firstEvery = 30_011
const nanoseconds = 1e6
const program = 3

/** What of a machine is asked where it is. */
export interface Sampled {
  /** Instructions retired. */
  readonly instructions: number
  /** Guest time in nanoseconds. */
  now(): number
  /** What its engine has done so far. */
  readonly statistics: EngineStatistics
}

/**
 * Looks where processors are after every so many instructions of the machine: what the guest does is the same with it and
 * without it, and so are the samples from run to run, but for the host's time.
 */
export class Sampler {
  readonly samples = new Samples(firstEvery)
  /** What each tier of the engine took. */
  readonly tiers = new TierTimes()
  readonly #clock: () => number
  /** By the processor's number. */
  readonly #stacks = new Map<number, Stacks>()
  #work: TierWork = { cold: 0, hot: 0, milliseconds: 0 }
  #at = 0
  #next = firstEvery
  #since = { guest: 0, host: 0 }
  #ran = { guest: 0, host: 0 }

  /** `clock`: the host's time in milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** Instructions that may be run until a sample is due. */
  left(instructions: number): number {
    return this.#next - instructions
  }

  /** The machine begins to run, after time that nobody ran in. */
  begins(machine: Sampled): void {
    this.#since = this.#times(machine)
  }

  /** The machine does not run any more. */
  ends(machine: Sampled): void {
    const { guest, host } = this.#times(machine)
    this.#ran = { guest: this.#ran.guest + guest - this.#since.guest, host: this.#ran.host + host - this.#since.host }
    this.#since = { guest, host }
  }

  /** A processor has run: takes a sample if one is due. */
  ran(machine: Sampled, vcpu: KvmVcpu): void {
    const { instructions } = machine
    if (instructions < this.#next) return
    this.ends(machine)
    const { guest, host } = this.#since
    const { statistics } = machine
    // thousands of samples want a look that is quicker than KVM_GET_REGS
    const { engine } = vcpu.processor
    const privilege = (Number(engine.get('SS.access')) >> accessRights.dplShift) & 3
    this.samples.take({
      vcpu: vcpu.id,
      rip: engine.get('RIP'),
      privilege,
      space: engine.get('CR3'),
      instructions: instructions - this.#at,
      ...this.#stackOf(privilege, vcpu, statistics),
      guest: { to: guest, ran: this.#ran.guest },
      host: { to: host, ran: this.#ran.host },
    })
    this.#addWork(workOf(statistics))
    this.#ran = { guest: 0, host: 0 }
    this.#at = instructions
    this.#next = instructions + this.samples.every
  }

  /** Gives names to all that was sampled so far. */
  name(names: Names): void {
    this.samples.name(names)
  }

  #addWork(now: TierWork): void {
    const { cold, hot, milliseconds } = this.#work
    this.tiers.add({ cold: now.cold - cold, hot: now.hot - hot, milliseconds: now.milliseconds - milliseconds })
    this.#work = now
  }

  #stackOf(privilege: number, { id, processor }: KvmVcpu, statistics: EngineStatistics): Pick<Sample, 'stack'> {
    if (privilege === program) return {}
    const { tlbMisses, tlbFlushes } = statistics
    const stacks = this.#stacks.get(id) ?? new Stacks()
    this.#stacks.set(id, stacks)
    // an engine without a TLB counts nothing, and flushes nothing either
    return { stack: stacks.of(processor.engine, tlbMisses === 0 ? undefined : tlbFlushes) }
  }

  #times(machine: Sampled): { readonly guest: number; readonly host: number } {
    return { guest: machine.now(), host: this.#clock() * nanoseconds }
  }
}

/** What of an engine's statistics its tiers are told apart by. */
export function workOf({ instructions, milliseconds }: EngineStatistics): TierWork {
  return { ...instructions, milliseconds }
}
